#!/usr/bin/env bash
# `holdfast add` beside the bound of hashing: the same bytes, page cache warm, one process, median of five.
# The bound is `openssl dgst -sha256` over the same files in one process.
set -euo pipefail
holdfast=${1:?usage: add.sh HOLDFAST}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

mkdir "$work/many" "$work/large"
head -c $((256 << 20)) /dev/urandom >"$work/large/file"
head -c $((100 << 20)) /dev/urandom >"$work/bytes"
split -b 10240 -a 5 -d "$work/bytes" "$work/many/f"

milliseconds() { # runs its arguments, prints elapsed milliseconds
    local start end
    start=$(date +%s%N)
    "$@" >/dev/null
    end=$(date +%s%N)
    echo $(((end - start) / 1000000))
}
median() { sort -n | sed -n 3p; }
hash_all() { find "$1" -type f -print0 | xargs -0 -n 20000 openssl dgst -sha256; }

for set in large many; do
    bytes=$(du -sb "$work/$set" | cut -f1)
    hash_all "$work/$set" >/dev/null
    bound=$(for _ in 1 2 3 4 5; do milliseconds hash_all "$work/$set"; done | median)
    own=$(for _ in 1 2 3 4 5; do milliseconds "$holdfast" add "$work/$set"; done | median)
    awk -v set="$set" -v bytes="$bytes" -v own="$own" -v bound="$bound" 'BEGIN {
        printf "add %-6s %6.0f MB/s   openssl sha256 %6.0f MB/s   ratio %.2f\n",
            set, bytes / own / 1000, bytes / bound / 1000, bound / own }'
done
