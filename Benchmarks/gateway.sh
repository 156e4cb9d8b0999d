#!/usr/bin/env bash
# The gateway's warm requests per second beside nginx: one node, one published folder, core 0 for each server, wrk on core 1.
set -euo pipefail
holdfast=$(realpath "${1:?usage: gateway.sh HOLDFAST}")
here=$(dirname "$(realpath "$0")")
base=${BASE_PORT:-21500}
work=$(mktemp -d)
pid=
trap '[ -z "$pid" ] || kill "$pid" 2>/dev/null || true; wait 2>/dev/null || true; rm -rf "$work"' EXIT

mkdir "$work/site"
chmod 755 "$work" "$work/site"
for size in 1KiB:1 64KiB:64 1MiB:1024 100MiB:102400; do
    head -c "$((${size##*:} * 1024))" /dev/urandom >"$work/site/${size%%:*}.bin"
done
taskset -c 0 "$holdfast" up --data "$work/data" --listen "127.0.0.1:$base" --gateway "127.0.0.1:$((base + 1))" \
    --control "127.0.0.1:$((base + 2))" --operator bench --log-level error >"$work/node.log" 2>&1 &
pid=$!
for _ in $(seq 200); do
    if (exec 3<>"/dev/tcp/127.0.0.1/$((base + 1))") 2>/dev/null; then break; fi
    sleep 0.05
done
root=$("$holdfast" publish "$work/site" --data "$work/data" 2>/dev/null | sed -n 2p)
"$here/beside-nginx.sh" "$work/site" "http://127.0.0.1:$((base + 1))/ipfs/$root" "$pid"
