#!/usr/bin/env bash
# `put` and `get` of one large file, and of many small ones, on a mesh of local processes, beside the bound: what sealing,
# hashing (by the client and by the holders), coding, TLS and writing the same bytes take on the same cores, measured one by one in
# the same run. Also what the small files take on all disks together.
set -euo pipefail
holdfast=$(realpath "${1:?usage: objects.sh HOLDFAST}")
nodes=${NODES:-12}
mebibytes=${MEBIBYTES:-1024}
rounds=${ROUNDS:-3}
source "$(dirname "$0")/mesh.sh"
start_mesh "$nodes" --storage 30GB
owner=(--data "$work/n1")

# The bound, in core seconds per GiB of plaintext; the code is k of 3k, so three bytes travel for each.
speed() { # algorithm, block: bytes a second of one core
    openssl speed -seconds 1 -bytes "$2" -evp "$1" 2>/dev/null | awk 'END { sub(/k$/, "", $NF); print $NF * 1000 }'
}
aes=$(speed aes-256-gcm 16384)
sha=$(speed sha256 16384)
coding=$("$(dirname "$holdfast")/erasure-bench" | awk '/encode 10\+20/ { print $3 * 1000000; exit }')
disk=$(dd if=/dev/zero of="$work/disk" bs=1M count=512 conv=fdatasync 2>&1 | awk 'END { print $(NF-1) * ($NF ~ /^G/ ? 1e9 : 1e6) }')
rm -f "$work/disk"

head -c $((mebibytes << 20)) /dev/urandom >"$work/large"
"$holdfast" put "$work/large" --name warm "${owner[@]}" 2>/dev/null >/dev/null
"$holdfast" rm warm "${owner[@]}" 2>/dev/null >/dev/null
put=$(for round in $(seq "$rounds"); do milliseconds "$holdfast" put "$work/large" --name "large" "${owner[@]}"; done | median "$rounds")
get=$(for round in $(seq "$rounds"); do milliseconds "$holdfast" get large -o "$work/back" "${owner[@]}"; done | median "$rounds")
cmp "$work/large" "$work/back"
peak=$(awk '/VmHWM/ { print $2 * 1024 }' "/proc/${pids[0]}/status")
awk -v put="$put" -v get="$get" -v mib="$mebibytes" -v nodes="$nodes" -v aes="$aes" -v sha="$sha" -v coding="$coding" \
    -v disk="$disk" -v cores="$(nproc)" -v peak="$peak" 'BEGIN {
    bytes = mib * 1048576
    cpu = bytes / aes + 6 * bytes / sha + 2 * bytes / coding + 6 * bytes / aes
    bound = cpu / cores; wait = 3 * bytes / disk; if (wait > bound) { bound = wait; by = "disk" } else by = "processor"
    printf "put of %d MiB on %d nodes: %.2f s, %.0f MB/s; the bound is %.2f s (%s): %.0f %%\n", mib, nodes, put / 1000,
        bytes / put / 1000, bound, by, 100000 * bound / put
    read = (bytes / aes + 2 * bytes / sha + 2 * bytes / aes) / cores
    printf "get: %.2f s, %.0f MB/s; the bound is %.2f s: %.0f %%\n", get / 1000, bytes / get / 1000, read, 100000 * read / get
    printf "the client node held at most %.0f MB (256 MiB allowed)\n", peak / 1000000 }'

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
