#!/usr/bin/env bash
# A node that holds very many blocks and pieces: milliseconds from its start to its first served request, memory and
# processor time while it looks through what it holds. Filling takes minutes and about 8 GB for 500,000 and 500,000.
set -euo pipefail
holdfast=$(realpath "${1:?usage: scale.sh HOLDFAST}")
pieces=${PIECES:-500000}
blocks=${BLOCKS:-500000}
seconds=${SECONDS_WATCHED:-300}
base=${BASE_PORT:-22800}
# Kept when it is named, so that the next run need not fill again.
work=${FOLDER:-$(mktemp -d)}
pid=
trap '[ -z "$pid" ] || kill "$pid" 2>/dev/null || true; wait 2>/dev/null || true; [ -n "${FOLDER:-}" ] || rm -rf "$work"' EXIT

start() {
    "$holdfast" up --data "$work/n" --listen "127.0.0.1:$base" --gateway "127.0.0.1:$((base + 100))" \
        --control "127.0.0.1:$((base + 200))" --operator bench --storage 100GB --log-level error >"$work/log" 2>&1 &
    pid=$!
    until curl -s -o /dev/null "http://127.0.0.1:$((base + 100))/"; do sleep 0.002; done
}
stop() {
    kill -9 "$pid"
    wait "$pid" 2>/dev/null || true
    pid=
}

if [ ! -e "$work/n/filled" ]; then
    start
    stop
    "$(dirname "$holdfast")/scale-fill" "$work/n" "$pieces" "$blocks"
    touch "$work/n/filled"
fi
times=()
for _ in 1 2 3 4 5; do
    begin=$(date +%s%N)
    start
    times+=($((($(date +%s%N) - begin) / 1000000)))
    [ "${#times[@]}" -eq 5 ] || stop
done
echo "start to the first served request: $(printf '%s\n' "${times[@]}" | sort -n | sed -n 3p) ms, median of five (required 300 ms)"
for second in $(seq "$seconds"); do
    sleep 1
    case "$second" in 1 | 10 | 60 | "$seconds")
        awk -v s="$second" '/VmRSS/ { printf "after %d s: %.0f MB resident, ", s, $2 / 1024 }' "/proc/$pid/status"
        awk -v ticks="$(getconf CLK_TCK)" '{ printf "%.1f s of processor time\n", ($14 + $15) / ticks }' "/proc/$pid/stat"
        ;;
    esac
done
