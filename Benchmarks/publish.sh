#!/usr/bin/env bash
# 10,000 files of 10 KiB published on 12 local nodes, from the command's start until the last node's gateway served the last
# file; then again, unchanged and with one file changed, to the command's exit. Each node is its own process and operator;
# five copies. The first figure is the median of three different folders.
set -euo pipefail
holdfast=$(realpath "${1:?usage: publish.sh HOLDFAST}")
nodes=${NODES:-12}
source "$(dirname "$0")/mesh.sh"
start_mesh "$nodes"

for round in 1 2 3; do
    mkdir "$work/site$round"
    head -c $((10000 * 10240)) /dev/urandom >"$work/bytes"
    split -b 10240 -a 5 -d "$work/bytes" "$work/site$round/f"
done
publish_and_read() { # folder
    local root
    root=$("$holdfast" publish "$1" --data "$work/n1" | sed -n 2p) &&
        curl --silent --fail --output "$work/last" "http://127.0.0.1:$((base + 100 + nodes))/ipfs/$root/f09999" &&
        cmp "$work/last" "$1/f09999"
}
first=$(for round in 1 2 3; do milliseconds publish_and_read "$work/site$round"; done | median 3)
again=$(for _ in 1 2 3; do milliseconds "$holdfast" publish "$work/site1" --data "$work/n1"; done | median 3)
head -c 10240 /dev/urandom >"$work/site1/f00042"
changed=$(milliseconds "$holdfast" publish "$work/site1" --data "$work/n1")
awk -v first="$first" -v again="$again" -v changed="$changed" -v nodes="$nodes" 'BEGIN {
    printf "publish 10,000 x 10 KiB on %d nodes: %.2f s, %.0f files/s (5,000 wanted)\n", nodes, first / 1000, 10000000 / first
    printf "again, unchanged: %.3f s (%.1f %%); one file changed: %.3f s (%.1f %%)\n",
        again / 1000, 100 * again / first, changed / 1000, 100 * changed / first }'
