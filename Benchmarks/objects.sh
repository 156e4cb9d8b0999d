#!/usr/bin/env bash
# `put` and `get` of one large file, and of many small ones, on a mesh of local processes. The large one beside the bound
# (`bound-bench`): what sealing, coding once, hashing (by the client and by the holders), TLS over loopback sockets and writing the
# same bytes take on the same cores, each measured alone in the same round while the mesh stands still. Also what the small files take on all disks together.
set -euo pipefail
holdfast=$(realpath "${1:?usage: objects.sh HOLDFAST}")
nodes=${NODES:-30}
mebibytes=${MEBIBYTES:-1024}
rounds=${ROUNDS:-5}
source "$(dirname "$0")/mesh.sh"
start_mesh "$nodes" --storage 30GB
owner=(--data "$work/n1")

# The code that a mesh of so many nodes takes: k of 3k.
k=$((nodes / 3 < 10 ? nodes / 3 : 10))
processor() { # milliseconds of processor time of all nodes so far
    local pid sum=0
    for pid in "${pids[@]}"; do sum=$((sum + $(awk '{ sub(/.*\) /, ""); print $12 + $13 }' "/proc/$pid/stat"))); done
    echo $((sum * 1000 / $(getconf CLK_TCK)))
}
beside_bound() { # put or get, command: appends milliseconds, processor time and both bounds to a table
    local what=$1 before time
    shift
    before=$(processor)
    time=$(milliseconds "$@")
    echo "$time $(($(processor) - before)) $(awk -v what="$what" '$1 == "bound" && $2 == what { print $3, $4, $5 }' "$work/bound")" \
        >>"$work/$what.table"
}
head -c $((mebibytes << 20)) /dev/urandom >"$work/large"
"$holdfast" put "$work/large" --name warm "${owner[@]}" 2>/dev/null >/dev/null
"$holdfast" rm warm "${owner[@]}" 2>/dev/null >/dev/null
for _ in $(seq "$rounds"); do
    undisturbed "$(dirname "$holdfast")/bound-bench" "$work" "$mebibytes" "$k" $((3 * k)) 1 >"$work/bound"
    beside_bound put "$holdfast" put "$work/large" --name large "${owner[@]}"
    beside_bound get "$holdfast" get large -o "$work/back" "${owner[@]}"
    cmp "$work/large" "$work/back"
done
grep -E '^  (put|get):' "$work/bound"
peak=$(awk '/VmHWM/ { print $2 * 1024 }' "/proc/${pids[0]}/status")
column() { # table, field: its median
    awk -v field="$2" '{ printf "%d\n", (field > 0 ? $field : 10000 * $3 / $1) }' "$work/$1.table" | median "$rounds"
}
for what in put get; do
    awk -v what="$what" -v time="$(column $what 1)" -v used="$(column $what 2)" -v bound="$(column $what 3)" \
        -v work="$(column $what 4)" -v ratio="$(column $what 0)" -v by="$(sort "$work/$what.table" | awk 'END { print $5 }')" \
        -v mib="$mebibytes" -v nodes="$nodes" 'BEGIN {
        printf "%s of %d MiB on %d nodes: %.2f s, %.0f MB/s; the bound is %.2f s (%s): %.0f %% (50 required)\n", what, mib, nodes,
            time / 1000, mib * 1048.576 / time, bound / 1000, by, ratio / 100
        printf "  processor time of all nodes %.1f s, of the parts %.1f s: %.0f %%\n", used / 1000, work / 1000, 100 * work / used }'
done
awk -v peak="$peak" 'BEGIN { printf "the client node held at most %.0f MB (256 MiB allowed)\n", peak / 1000000 }'

disk_use() { du -s --block-size=1 "$work"/n*/pieces | awk '{ sum += $1 } END { printf "%.0f\n", sum }'; }
for size in 10240 1024; do
    mkdir "$work/small$size"
    head -c $((10000 * size)) /dev/urandom >"$work/bytes"
    split -b "$size" -a 5 -d "$work/bytes" "$work/small$size/f"
    before=$(disk_use)
    time=$(milliseconds "$holdfast" put "$work/small$size" "${owner[@]}")
    sleep 3
    after=$(disk_use)
    copy=$(milliseconds cp -r "$work/small$size" "$work/small$size.copy")
    back=$(milliseconds "$holdfast" get "small$size" -o "$work/small$size.back" "${owner[@]}")
    diff -r "$work/small$size" "$work/small$size.back"
    awk -v size="$size" -v time="$time" -v back="$back" -v copy="$copy" -v bytes=$((after - before)) 'BEGIN {
        printf "10,000 files of %d bytes: put %.2f s, get %.2f s (cp -r %.2f s), %.2f bytes on disk for each\n", size,
            time / 1000, back / 1000, copy / 1000, bytes / (10000 * size) }'
done
