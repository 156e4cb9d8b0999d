#!/usr/bin/env bash
# 10,000 files of 10 KiB published on 12 local nodes, from the command's start until the last node's gateway served the last
# file (three folders, median); then again, unchanged (to the command's exit) and five times with one file changed: until the
# first gateway served that file, which is the publisher's, and to the command's exit, when all copies are durable. Beside it the
# processor time of all nodes. Each node is its own process and operator; five copies. Floors, which are stored later, are waited for
# in between and in none of the figures.
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
processor_time() { # of all nodes, in milliseconds
    for pid in "${pids[@]}"; do cat "/proc/$pid/stat"; done | awk '{ ticks += $14 + $15 } END { print ticks * 10 }'
}
since() { echo $((($(date +%s%N) - $1) / 1000000)); }
publish_and_poll() { # name of the changed file; prints when it was served and when the command ended
    local root begin publisher late=0
    root=$("$holdfast" add "$work/site1")
    begin=$(date +%s%N)
    "$holdfast" publish "$work/site1" --data "$work/n1" >/dev/null 2>"$work/publish.log" &
    publisher=$!
    until curl --silent --fail --header "Cache-Control: only-if-cached" --output "$work/last" \
        "http://127.0.0.1:$((base + 101))/ipfs/$root/$1"; do
        if ! kill -0 "$publisher" 2>/dev/null && ((++late > 200)); then
            echo "publish has ended, and $1 is not served:" >&2
            cat "$work/publish.log" >&2
            exit 1
        fi
        sleep 0.005
    done
    since "$begin"
    wait "$publisher" || { cat "$work/publish.log" >&2; exit 1; }
    since "$begin"
    cmp "$work/last" "$work/site1/$1"
}
wait_for_floors() { # a floor begins to be stored five seconds after the last publish
    sleep 8
    for _ in 1 2 3; do
        await_status "all floors are stored" "s['floors']['stored'] == s['floors']['wanted']" 600
        sleep 1
    done
}
first_processor=0
for round in 1 2 3; do
    before=$(processor_time)
    milliseconds publish_and_read "$work/site$round" >>"$work/first"
    first_processor=$((first_processor + ($(processor_time) - before) / 3))
    wait_for_floors
done
first=$(median 3 <"$work/first")
again=$(for _ in 1 2 3; do milliseconds "$holdfast" publish "$work/site1" --data "$work/n1"; done | median 3)
sleep 2 # what changed later than this is remembered only by the next import
"$holdfast" publish "$work/site1" --data "$work/n1" >/dev/null 2>&1
wait_for_floors
changed_processor=0
for round in 1 2 3 4 5; do
    head -c 10240 /dev/urandom >"$work/site1/f0004$round"
    before=$(processor_time)
    publish_and_poll "f0004$round" | paste -s >>"$work/changes"
    changed_processor=$((changed_processor + ($(processor_time) - before) / 5))
    wait_for_floors
done
served=$(cut -f 1 "$work/changes" | median 5)
durable=$(cut -f 2 "$work/changes" | median 5)
awk -v first="$first" -v again="$again" -v served="$served" -v durable="$durable" -v nodes="$nodes" \
    -v processor="$changed_processor" -v first_processor="$first_processor" 'BEGIN {
    printf "publish 10,000 x 10 KiB on %d nodes: %.2f s, %.0f files/s; ratio to 5,000 files/s %.2f\n",
        nodes, first / 1000, 10000000 / first, 2000 / first
    printf "again, unchanged: %.3f s; ratio to the first %.3f\n", again / 1000, again / first
    printf "one file changed, until a gateway served it: %.3f s; ratio %.3f (0.01 wanted)\n", served / 1000, served / first
    printf "one file changed, until all copies are durable: %.3f s; ratio %.3f\n", durable / 1000, durable / first
    printf "one file changed, processor time of all nodes: %d of %d ms; ratio %.3f\n",
        processor, first_processor, processor / first_processor }'
