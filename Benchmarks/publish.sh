#!/usr/bin/env bash
# 10,000 files of 10 KiB published on 12 local nodes, from the command's start to its exit; then again, unchanged.
# Each node is its own process and operator; five copies. The first figure is the median of three different folders.
set -euo pipefail
holdfast=$(realpath "${1:?usage: publish.sh HOLDFAST}")
nodes=${NODES:-12}
work=$(mktemp -d)
pids=()
cleanup() {
    for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
    wait 2>/dev/null || true
    rm -rf "$work"
}
trap cleanup EXIT

hosting=(home hetzner ovh aws)
jurisdiction=(DE FI FR US)
base=${BASE_PORT:-21000}
start() { # number, further arguments
    local number=$1
    shift
    "$holdfast" up --data "$work/n$number" --listen "127.0.$((90 + number)).1:$((base + number))" \
        --gateway "127.0.0.1:$((base + 100 + number))" --control "127.0.0.1:$((base + 200 + number))" \
        --operator "op$number" --hosting "${hosting[number % 4]}" --jurisdiction "${jurisdiction[number % 4]}" \
        --log-level error "$@" >"$work/n$number.log" 2>&1 &
    pids+=($!)
}
ready() { # number
    for _ in $(seq 200); do
        if (exec 3<>"/dev/tcp/127.0.0.1/$((base + 100 + $1))") 2>/dev/null; then return; fi
        sleep 0.05
    done
    echo "node $1 did not open its gateway:" >&2
    cat "$work/n$1.log" >&2
    exit 1
}

start 1
ready 1
invite=$("$holdfast" invite --data "$work/n1")
for number in $(seq 2 "$nodes"); do start "$number" --join "$invite"; done
for number in $(seq 2 "$nodes"); do ready "$number"; done

milliseconds() {
    local start end
    start=$(date +%s%N)
    "$@" >/dev/null 2>"$work/publish.log" || { cat "$work/publish.log" >&2; exit 1; }
    end=$(date +%s%N)
    echo $(((end - start) / 1000000))
}

for round in 1 2 3; do
    mkdir "$work/site$round"
    head -c $((10000 * 10240)) /dev/urandom >"$work/bytes"
    split -b 10240 -a 5 -d "$work/bytes" "$work/site$round/f"
done
first=$(for round in 1 2 3; do milliseconds "$holdfast" publish "$work/site$round" --data "$work/n1"; done | sort -n | sed -n 2p)
again=$(for _ in 1 2 3; do milliseconds "$holdfast" publish "$work/site1" --data "$work/n1"; done | sort -n | sed -n 2p)
head -c 10240 /dev/urandom >"$work/site1/f00042"
changed=$(milliseconds "$holdfast" publish "$work/site1" --data "$work/n1")
awk -v first="$first" -v again="$again" -v changed="$changed" -v nodes="$nodes" 'BEGIN {
    printf "publish 10,000 x 10 KiB on %d nodes: %.2f s, %.0f files/s (required 2,000)\n", nodes, first / 1000, 10000000 / first
    printf "again, unchanged: %.3f s (%.1f %%); one file changed: %.3f s (%.1f %%)\n",
        again / 1000, 100 * again / first, changed / 1000, 100 * changed / first }'
