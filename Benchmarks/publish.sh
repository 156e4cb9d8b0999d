#!/usr/bin/env bash
# 10,000 files of 10 KiB published on 12 local nodes, from the command's start to its exit; then again, unchanged.
# Each node is its own process and operator; five copies. The first figure is the median of three different folders.
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
first=$(for round in 1 2 3; do milliseconds "$holdfast" publish "$work/site$round" --data "$work/n1"; done | median 3)
again=$(for _ in 1 2 3; do milliseconds "$holdfast" publish "$work/site1" --data "$work/n1"; done | median 3)
head -c 10240 /dev/urandom >"$work/site1/f00042"
changed=$(milliseconds "$holdfast" publish "$work/site1" --data "$work/n1")
awk -v first="$first" -v again="$again" -v changed="$changed" -v nodes="$nodes" 'BEGIN {
    printf "publish 10,000 x 10 KiB on %d nodes: %.2f s, %.0f files/s (required 2,000)\n", nodes, first / 1000, 10000000 / first
    printf "again, unchanged: %.3f s (%.1f %%); one file changed: %.3f s (%.1f %%)\n",
        again / 1000, 100 * again / first, changed / 1000, 100 * changed / first }'
