#!/usr/bin/env bash
# Repair of private objects on local processes, DEAD of NODES killed for good, in two runs on fresh meshes:
# 1. without a limit: bytes of pieces made again a second, beside the bound: fetching k pieces of each segment, checking, rebuilding,
#    sending and writing the same bytes on the same cores, measured one by one in the same run (`bound-bench`) while the mesh
#    stands still. Pauses of more than a second, in which the turn of nobody had come who sees the loss, are told apart;
# 2. under `--repair-rate RATE`: p99 of 200 requests a second for small files through a gateway, before and during repair.
set -euo pipefail
holdfast=$(realpath "${1:?usage: repair.sh HOLDFAST}")
nodes=${NODES:-33}
dead=${DEAD:-3}
mebibytes=${MEBIBYTES:-1024}
rate=${RATE:-1MiB}
seconds=${SECONDS_EACH:-15}
minutes_max=10
here=$(dirname "$0")
k=$((nodes / 3 < 10 ? nodes / 3 : 10)) # the code of such a mesh: k of 3k, one piece for each node
if ((nodes - dead < 3 * k)); then
    echo "repair.sh: $dead lost of $nodes leave no node without a piece of each segment; lower DEAD" >&2
    exit 2
fi

read_steadily() { # base URL: milliseconds of the 99th percentile, from when each request was due
    python3 - "$1" "$seconds" <<'PYTHON'
import http.client, random, sys, time, urllib.parse
url, seconds = urllib.parse.urlsplit(sys.argv[1]), float(sys.argv[2])
connection, times = http.client.HTTPConnection(url.netloc), []
begin = time.monotonic()
for number in range(int(seconds * 200)):
    due = begin + number / 200
    time.sleep(max(0, due - time.monotonic()))
    connection.request("GET", f"{url.path}/f{random.randrange(1000):05d}")
    answer = connection.getresponse()
    body = answer.read()
    if answer.status != 200 or len(body) != 10240: sys.exit(f"status {answer.status}, {len(body)} bytes")
    times.append(time.monotonic() - due)
times.sort()
print(f"{times[int(len(times) * 0.99)] * 1000:.2f}")
PYTHON
}

run() { # rate; a mesh of its own
    source "$here/mesh.sh"
    start_mesh "$nodes" --storage 30GB --repair-delay 10s --probe-interval 500ms --repair-rate "$1"
    held() { du -s --block-size=1 "${living[@]}" | awk '{ sum += $1 } END { printf "%.0f\n", sum }'; }
    living=()
    for number in $(seq $((nodes - dead))); do living+=("$work/n$number/pieces"); done
    head -c $((mebibytes << 20)) /dev/urandom >"$work/file"
    "$holdfast" put "$work/file" --name file --data "$work/n1" >/dev/null 2>&1
    mkdir "$work/site"
    head -c $((1000 * 10240)) /dev/urandom >"$work/bytes"
    split -b 10240 -a 5 -d "$work/bytes" "$work/site/f"
    root=$("$holdfast" publish "$work/site" --data "$work/n1" 2>/dev/null | sed -n 2p)
    sleep 22 # the last pieces, the floor of the site, and the time for which a new segment is left to its writer
    url=http://127.0.0.1:$((base + 101))/ipfs/$root
    if [ "$1" != 0 ]; then
        read_steadily "$url" >/dev/null
        quiet=$(read_steadily "$url")
    fi
    before=$(held)
    lost=0
    for number in $(seq $((nodes - dead + 1)) "$nodes"); do
        kill -KILL "${pids[number - 1]}"
        wait "${pids[number - 1]}" 2>/dev/null || true
        lost=$((lost + $(du -s --block-size=1 "$work/n$number/pieces" | cut -f 1)))
    done
    "${2}"
    "$holdfast" get file -o "$work/back" --data "$work/n1" >/dev/null 2>&1
    cmp "$work/file" "$work/back"
}

grown() { echo $(($(held) - before)); }
wait_for() { # percent of what was lost
    local begin=$SECONDS
    until (($(grown) * 100 >= lost * $1)); do
        if ((SECONDS - begin > minutes_max * 60)); then
            echo "after $minutes_max minutes $(grown) of $lost lost bytes were there again" >&2
            exit 1
        fi
        sleep 0.1
    done
}

wait_for_all() { # pieces, as the first node knows them
    await_status "all pieces are there again" \
        "s['pieces']['target'] > 0 and s['pieces']['live'] >= s['pieces']['target'] and s['debt'] == 0" $((minutes_max * 60))
}

throughput() {
    wait_for 2
    local begin=$SECONDS
    # Time and bytes, ten times a second.
    until (($(grown) * 100 >= lost * 98)); do
        echo "$(date +%s%N) $(grown)" >>"$work/samples"
        if ((SECONDS - begin > minutes_max * 60)); then break; fi
        sleep 0.1
    done
    echo "$(date +%s%N) $(grown)" >>"$work/samples"
    wait_for_all
    # A pause is a second and more in which no piece grew: the holders' turns come one after the other.
    read -r bytes busy pause < <(awk '
        NR == 1 { first = $2; last = $2; grew = $1; begin = $1 }
        $2 > last { gap = $1 - grew; if (gap > 1e9) pauses += gap; grew = $1; last = $2 }
        END { printf "%.0f %.0f %.0f\n", last - first, grew - begin - pauses, pauses }' "$work/samples")
    # At last how many pieces of each segment were lost, on average.
    undisturbed "$(dirname "$holdfast")/bound-bench" "$work" "$((mebibytes / 4 < 64 ? 64 : mebibytes / 4))" "$k" $((3 * k)) \
        "$(awk -v lost="$lost" -v mib="$mebibytes" -v k="$k" 'BEGIN { printf "%.2f\n", lost * k / mib / 1048576 }')" >"$work/bound"
    grep 'repair:' "$work/bound"
    awk -v bytes="$bytes" -v time="$busy" -v pause="$pause" '
        /repair: the disk/ { one = $(NF - 1) }
        /^bound repair/ { bound = one / $3 / 1000; by = $5 }
        END { if (time <= 0) { print "repair: over before it could be measured; raise MEBIBYTES" >"/dev/stderr"; exit 1 }
            own = bytes * 1000 / time
            printf "repair: %.0f MB/s of pieces made again; the bound is %.0f MB/s (%s): %.0f %% (80 required)\n", own, bound, by,
                100 * own / bound
            printf "  in %.1f s of work, and %.1f s of pauses until whose turn it was repaired: %.0f MB/s with them\n", time / 1e9,
                pause / 1e9, bytes * 1000 / (time + pause) }' "$work/bound"
}

latency() {
    wait_for 2
    local busy
    busy=$(read_steadily "$url")
    echo "repair at $rate a second and node: $(($(grown) * 100 / lost)) % was made again meanwhile"
    awk -v quiet="$quiet" -v busy="$busy" 'BEGIN {
        printf "served p99 %.2f ms, without repair %.2f ms: %.2f times (1.5 allowed)\n", busy, quiet, busy / quiet }'
}

(run 0 throughput)
(run "$rate" latency)
