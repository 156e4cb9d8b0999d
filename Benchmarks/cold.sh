#!/usr/bin/env bash
# A gateway of a node that holds nothing, asked for a file of another node, over a path with a round trip of its own: two
# network namespaces with a tunnel between them that delays every packet. Beside it the bound: three round trips and the
# transfer of the same bytes over the same path (first to last byte, `curl` from the holder's gateway, over a connection that
# has carried 16 MiB before, so that no slow start counts). Medians of five files of each size, each a site of its own, so
# that nothing of it was there before. Needs root, or user namespaces.
set -euo pipefail
holdfast=$(realpath "${1:?usage: cold.sh HOLDFAST}")
here=$(realpath "$(dirname "$0")")
if [ "${2:-}" != inside ]; then
    for tool in curl ip nsenter python3 unshare; do
        command -v "$tool" >/dev/null || { echo "cold: no $tool here, left out"; exit 0; }
    done
    [ -w /dev/net/tun ] || { echo "cold: no TUN device here, left out"; exit 0; }
    new=(unshare --net)
    [ "$(id -u)" = 0 ] || new+=(--map-root-user)
    "${new[@]}" true 2>/dev/null || { echo "cold: no network namespace can be made here, left out"; exit 0; }
    exec "${new[@]}" "$here/cold.sh" "$holdfast" inside
fi
round_trip=${ROUND_TRIP:-20}
work=$(mktemp -d)
pids=()
any_is_left() {
    local pid
    for pid in "${pids[@]}"; do if kill -0 "$pid" 2>/dev/null; then return 0; fi; done
    return 1
}
cleanup() {
    local pid
    exec 9>&-
    for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
    for _ in $(seq 100); do
        any_is_left || break
        sleep 0.1
    done
    for pid in "${pids[@]}"; do kill -KILL "$pid" 2>/dev/null || true; done
    wait 2>/dev/null || true
    rm -rf "$work"
}
trap cleanup EXIT
wait_for() { # command
    for _ in $(seq 400); do "$@" >/dev/null 2>&1 && return; sleep 0.05; done
    echo "cold: this never came true: $*" >&2
    exit 1
}

mkfifo "$work/open"
python3 "$here/delayed-path.py" near far "$round_trip" <"$work/open" >"$work/path" &
pids+=($!)
exec 9>"$work/open"
wait_for grep -q ready "$work/path"
unshare --net sleep 3600 9>&- &
other=$!
pids+=("$other")
sleep 0.2
ip link set far netns "$other"
far() { nsenter --net="/proc/$other/ns/net" "$@"; }
ip link set lo up && ip address add 10.98.0.1/24 dev near && ip link set near up txqueuelen 10000
far ip link set lo up && far ip address add 10.98.0.2/24 dev far && far ip link set far up txqueuelen 10000

node() { # number, command that runs another one in its namespace, `--`, further arguments
    local number=$1 inside=()
    shift
    while [ "$1" != -- ]; do inside+=("$1"); shift; done
    shift
    # The process is the node itself, and nothing of it keeps the path open.
    (exec "${inside[@]}" "$holdfast" up --data "$work/n$number" --listen "10.98.0.$number:21001" \
        --gateway "10.98.0.$number:8080" --control 127.0.0.1:8081 --operator "op$number" --log-level error "$@" \
        >"$work/n$number.log" 2>&1 9>&-) &
    pids+=($!)
}
gateway_is_up() { curl --silent --output /dev/null "http://10.98.0.$1:8080/"; }
far_gateway_is_up() { far curl --silent --output /dev/null "http://10.98.0.2:8080/"; }
node 1 --
wait_for gateway_is_up 1
invite=$("$holdfast" invite --data "$work/n1" 2>/dev/null)
node 2 nsenter --net="/proc/$other/ns/net" -- --join "$invite"
wait_for far_gateway_is_up
sleep 3

median() { sort -n | sed -n 3p; }
seconds() { far curl --silent --fail --output "$work/got" --write-out "$2\n" "$1"; }
trips=$(for _ in 1 2 3 4 5; do seconds "http://10.98.0.1:8080/" '%{time_connect}'; done 2>/dev/null | median)
echo "round trip $(awk -v s="$trips" 'BEGIN { printf "%.1f", s * 1000 }') ms"
mkdir "$work/warm"
head -c 16777216 /dev/urandom >"$work/warm/file"
warm=$("$holdfast" publish "$work/warm" --copies 1 --data "$work/n1" 2>/dev/null | sed -n 2p)
transfer_time() { # root: from the first to the last byte, over a connection that is warm
    far curl --silent --fail --write-out '%{time_starttransfer} %{time_total}\n' \
        --output "$work/got" "http://10.98.0.1:8080/ipfs/$warm/file" \
        --output "$work/got" "http://10.98.0.1:8080/ipfs/$1/file" </dev/null |
        awk 'NR == 2 { printf "%.6f\n", $2 - $1 }'
}
for size in 1024 65536 1048576 16777216; do
    for number in 1 2 3 4 5; do
        mkdir "$work/site$size-$number"
        head -c "$size" /dev/urandom >"$work/site$size-$number/file"
        "$holdfast" publish "$work/site$size-$number" --copies 1 --data "$work/n1" 2>/dev/null | sed -n 2p
    done >"$work/roots"
    sleep 1
    cold=$(while read -r root; do
        seconds "http://10.98.0.2:8080/ipfs/$root/file" '%{time_total}' </dev/null
    done <"$work/roots" | median)
    cmp "$work/got" "$work/site$size-5/file"
    transfer=$(while read -r root; do transfer_time "$root"; done <"$work/roots" | median)
    awk -v size="$size" -v cold="$cold" -v transfer="$transfer" -v trip="$trips" 'BEGIN {
        bound = 3 * trip + transfer
        printf "cold miss of %8d bytes: %.1f ms; three round trips and the transfer %.1f ms; ratio %.2f (under 1 wanted)\n",
            size, cold * 1000, bound * 1000, cold / bound }'
done
