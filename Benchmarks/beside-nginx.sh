#!/usr/bin/env bash
# Requests per second of a gateway beside nginx: the same files, the same load, one core for each server, wrk on another.
#
#   Benchmarks/beside-nginx.sh FOLDER BASE_URL [SERVER_PID]
#
# FOLDER    holds 1KiB.bin, 64KiB.bin, 1MiB.bin and 100MiB.bin (made when they are missing); nginx serves it.
# BASE_URL  the same folder at the gateway, such as http://127.0.0.1:8080/ipfs/CID
# SERVER_PID  the gateway's process: pinned to core SERVER_CORE for the run.
#
# Each size is measured ROUNDS times, nginx and gateway in turn, and the medians are compared.
set -euo pipefail

folder=$1
base=${2%/}
pid=${3:-}
SERVER_CORE=${SERVER_CORE:-0}
CLIENT_CORE=${CLIENT_CORE:-1}
ROUNDS=${ROUNDS:-3}
SECONDS_EACH=${SECONDS_EACH:-4}
NGINX_PORT=${NGINX_PORT:-8591}

for tool in nginx wrk taskset curl; do
    command -v "$tool" >/dev/null || { echo "$tool is missing: apt-get install nginx wrk util-linux curl" >&2; exit 2; }
done

mkdir -p "$folder"
for size in 1KiB:1 64KiB:64 1MiB:1024 100MiB:102400; do
    file=$folder/${size%%:*}.bin
    [ -e "$file" ] || head -c "$((${size##*:} * 1024))" /dev/urandom >"$file"
done

scratch=$(mktemp -d)
trap 'kill "$(cat "$scratch/nginx.pid" 2>/dev/null)" 2>/dev/null || true; rm -rf "$scratch"' EXIT
chmod 755 "$scratch"
cat >"$scratch/nginx.conf" <<CONF
pid $scratch/nginx.pid;
error_log $scratch/error.log;
worker_processes 1;
user $(id -un);
events { worker_connections 1024; }
http {
    access_log off;
    sendfile on;
    tcp_nopush on;
    keepalive_requests 1000000000;
    open_file_cache max=1000 inactive=60s;
    server { listen 127.0.0.1:$NGINX_PORT; root $(realpath "$folder"); }
}
CONF
taskset -c "$SERVER_CORE" nginx -c "$scratch/nginx.conf"
[ -z "$pid" ] || taskset -apc "$SERVER_CORE" "$pid" >/dev/null

# Prints requests per second; a run with errors counts as none.
measure() {
    local output
    output=$(taskset -c "$CLIENT_CORE" wrk -t1 -c"$2" -d"${SECONDS_EACH}s" "$1")
    if grep -q "Non-2xx\|Socket errors: connect [1-9]\|read [1-9]" <<<"$output"; then
        echo "$output" >&2
        echo 0
    else
        awk '/Requests\/sec/ { print $2 }' <<<"$output"
    fi
}

median() { printf '%s\n' "$@" | sort -n | awk '{ a[NR] = $1 } END { print a[int((NR + 1) / 2)] }'; }

printf '%-8s %14s %14s %8s\n' size nginx gateway ratio
for size in 1KiB 64KiB 1MiB 100MiB; do
    connections=32
    [ "$size" != 100MiB ] || connections=4
    curl -sf -o "$scratch/body" "$base/$size.bin" && cmp -s "$scratch/body" "$folder/$size.bin" ||
        { echo "$base/$size.bin is not the file in $folder" >&2; exit 1; }
    nginx=() gateway=()
    for _ in $(seq "$ROUNDS"); do
        nginx+=("$(measure "http://127.0.0.1:$NGINX_PORT/$size.bin" $connections)")
        gateway+=("$(measure "$base/$size.bin" $connections)")
    done
    awk -v s="$size" -v n="$(median "${nginx[@]}")" -v g="$(median "${gateway[@]}")" \
        'BEGIN { printf "%-8s %14.1f %14.1f %7.2fx\n", s, n, g, (n > 0 ? g / n : 0) }'
done
