#!/usr/bin/env bash
# What an idle node costs: milliseconds from its start to its first answer, and resident memory in a mesh of 12.
# The node has a published folder of 10,000 files; start is the median of five restarts after SIGKILL.
set -euo pipefail
holdfast=$(realpath "${1:?usage: idle.sh HOLDFAST}")
base=${BASE_PORT:-21800}
work=$(mktemp -d)
pids=()
trap 'for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done; wait 2>/dev/null || true; rm -rf "$work"' EXIT

start() { # number, further arguments
    local number=$1
    shift
    "$holdfast" up --data "$work/n$number" --listen "127.0.$((110 + number)).1:$((base + number))" \
        --gateway "127.0.0.1:$((base + 100 + number))" --control "127.0.0.1:$((base + 200 + number))" \
        --operator "op$number" --log-level error "$@" >"$work/n$number.log" 2>&1 &
    pids+=($!)
}
ready() {
    until (exec 3<>"/dev/tcp/127.0.0.1/$((base + 100 + $1))") 2>/dev/null; do sleep 0.002; done
}

mkdir "$work/site"
head -c $((10000 * 1024)) /dev/urandom >"$work/bytes"
split -b 1024 -a 5 -d "$work/bytes" "$work/site/f"
start 1
ready 1
"$holdfast" publish "$work/site" --data "$work/n1" >/dev/null 2>&1
times=()
for _ in 1 2 3 4 5; do
    kill -9 "${pids[-1]}"
    wait "${pids[-1]}" 2>/dev/null || true
    begin=$(date +%s%N)
    start 1
    ready 1
    times+=($((($(date +%s%N) - begin) / 1000000)))
done
echo "start to serving: $(printf '%s\n' "${times[@]}" | sort -n | sed -n 3p) ms, median of five, 10,000 files held (required 300 ms)"
first=${pids[-1]}
invite=$("$holdfast" invite --data "$work/n1" 2>/dev/null)
for number in $(seq 2 12); do start "$number" --join "$invite"; done
for number in $(seq 2 12); do ready "$number"; done
sleep 20
for pid in "$first" "${pids[-1]}"; do
    awk -v pid="$pid" '/VmRSS/ { printf "idle in a mesh of 12: %.1f MB resident (process %s; required 60 MB)\n", $2 / 1024, pid }' "/proc/$pid/status"
done
