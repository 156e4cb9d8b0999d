#!/usr/bin/env bash
# `put` and `get` of one file beside Tahoe-LAFS 1.20 (PyPI) on the same machine, in turn, medians: Tahoe with ten storage
# servers, 3 of 10, and a client; Holdfast with ten nodes, 3 of 9, which is what it takes on ten. Each round stores new bytes. Tahoe
# is asked through its HTTP API, so that the start of its command, about a second, does not count; it synchronizes nothing to disk.
set -euo pipefail
holdfast=$(realpath "${1:?usage: tahoe.sh HOLDFAST}")
mebibytes=${MEBIBYTES:-256}
rounds=${ROUNDS:-3}
servers=10
source "$(dirname "$0")/mesh.sh"

environment=${TAHOE_VENV:-$(dirname "$0")/../.build/tahoe}
tahoe=$environment/bin/tahoe
if ! "$tahoe" --version 2>/dev/null | grep -q '1\.20\.0'; then
    python3 -m venv "$environment" || { echo "tahoe: no python3-venv here (scripts/setup bench), left out"; exit 0; }
    "$environment/bin/pip" install --quiet --disable-pip-version-check tahoe-lafs==1.20.0 ||
        { echo "tahoe: Tahoe-LAFS 1.20.0 could not be had from PyPI, left out"; exit 0; }
fi
tahoe=$(realpath "$tahoe")

start_mesh "$servers" --storage 30GB
owner=(--data "$work/n1")

run_tahoe() { # folder
    "$tahoe" --quiet run --allow-stdin-close "$1" </dev/null >"$1.log" 2>&1 &
    pids+=($!)
}
await() { # what, command
    local what=$1
    shift
    for _ in $(seq 600); do
        if "$@" >/dev/null 2>&1; then return; fi
        sleep 0.1
    done
    echo "$what did not come up:" >&2
    tail -n 3 "$work"/tahoe-client.log >&2
    exit 1
}
listen() { echo --port "tcp:$1:interface=127.0.0.1" --location "tcp:127.0.0.1:$1"; }
port=$((base + 400))
# shellcheck disable=SC2046
"$tahoe" --quiet create-introducer $(listen "$port") "$work/tahoe-introducer" >/dev/null
run_tahoe "$work/tahoe-introducer"
await "the introducer" test -s "$work/tahoe-introducer/private/introducer.furl"
furl=$(cat "$work/tahoe-introducer/private/introducer.furl")
for number in $(seq "$servers"); do
    # shellcheck disable=SC2046
    "$tahoe" --quiet create-node --introducer "$furl" $(listen $((port + number))) --webport none \
        "$work/tahoe-server$number" >/dev/null
    run_tahoe "$work/tahoe-server$number"
done
api=http://127.0.0.1:$((port + 50))
"$tahoe" --quiet create-client --introducer "$furl" --webport "tcp:$((port + 50)):interface=127.0.0.1" \
    --shares-needed 3 --shares-total 10 --shares-happy 10 "$work/tahoe-client" >/dev/null
run_tahoe "$work/tahoe-client"
connected() {
    curl -sf "$api/?t=json" | "$environment/bin/python" -c '
import json, sys
servers = json.load(sys.stdin)["servers"]
sys.exit(0 if sum(s["connection_status"].lower().startswith("connected") for s in servers) == int(sys.argv[1]) else 1)' "$servers"
}
await "the client of ten servers" connected

tahoe_put() { curl -sf -T "$work/file" "$api/uri" -o "$work/capability"; }
tahoe_get() { curl -sf "$api/uri/$(cat "$work/capability")" -o "$work/back"; }
for round in $(seq 0 "$rounds"); do # the first one warms both up
    head -c $((mebibytes << 20)) /dev/urandom >"$work/file"
    milliseconds "$holdfast" put "$work/file" --name "file$round" "${owner[@]}" >"$work/put.holdfast.$round"
    milliseconds tahoe_put >"$work/put.tahoe.$round"
    milliseconds "$holdfast" get "file$round" -o "$work/own" "${owner[@]}" >"$work/get.holdfast.$round"
    milliseconds tahoe_get >"$work/get.tahoe.$round"
    cmp "$work/file" "$work/own"
    cmp "$work/file" "$work/back"
done
for what in put get; do
    for who in holdfast tahoe; do
        for round in $(seq "$rounds"); do cat "$work/$what.$who.$round"; done | median "$rounds"
    done | paste -s -d ' ' | awk -v what="$what" -v mib="$mebibytes" '{
        printf "%s of %d MiB: Holdfast %.2f s, Tahoe-LAFS %.2f s: %.1f times as fast (10 required)\n", what, mib, $1 / 1000,
            $2 / 1000, $2 / $1 }'
done
