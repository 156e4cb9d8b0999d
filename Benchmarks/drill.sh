#!/usr/bin/env bash
# Time and memory of `holdfast drill` over a site of N files and as many private objects, for each N of ITEMS, on 12 nodes
# (processes, each its own operator). The ratio is the time for each item beside that of the smallest N: 1 is linear. Memory
# is the most that the asked node took while the drill ran, less what it had before.
set -euo pipefail
holdfast=$(realpath "${1:?usage: drill.sh HOLDFAST}")
nodes=${NODES:-12}
source "$(dirname "$0")/mesh.sh"
start_mesh "$nodes"

make_files() { # folder, count
    python3 - "$1" "$2" <<'PYTHON'
import os, sys
folder, count = sys.argv[1], int(sys.argv[2])
for number in range(count):
    if number % 1000 == 0:
        os.makedirs(f"{folder}/{number // 1000:04d}")
    with open(f"{folder}/{number // 1000:04d}/{number:07d}", "wb") as file:
        file.write(number.to_bytes(8, "big") * 12)
PYTHON
}
kilobytes() { awk -v key="$1:" '$1 == key { print $2 }' "/proc/${pids[0]}/status"; }
drill() { # items, title, arguments
    local items=$1 title=$2 before most time
    shift 2
    before=$(kilobytes VmRSS)
    echo 5 >"/proc/${pids[0]}/clear_refs"
    time=$(milliseconds "$holdfast" drill "$@" --data "$work/n1")
    most=$(kilobytes VmHWM)
    awk -v file="$work/$title" -v items="$items" -v title="$title" -v time="$time" -v more=$((most - before)) 'BEGIN {
        if ((getline first < file) <= 0) { first = time / items; print first > file }
        printf "%8d files and %d objects, %-24s %8.2f s, %6.1f MB more; ratio of time by item %.2f (1 is linear)\n",
            items / 2, items / 2, title ":", time / 1000, more / 1024, time / items / first }'
}
for count in ${ITEMS:-5000 50000}; do
    make_files "$work/site$count" "$count"
    "$holdfast" publish "$work/site$count" --name site --data "$work/n1" >/dev/null 2>&1
    "$holdfast" put "$work/site$count" --name all --data "$work/n1" >/dev/null 2>&1
    sleep "${SETTLE:-15}" # the floor
    drill $((2 * count)) lose --lose hosting:hetzner
    drill $((2 * count)) lose,sample --lose hosting:hetzner --sample 500
    drill $((2 * count)) all-single --all-single
    drill $((2 * count)) all-single,read,sample --all-single --read --sample 500
    "$holdfast" rm -r "all" --data "$work/n1" >/dev/null 2>&1 || true
    rm -rf "$work/site$count"
done
