# Sourced by benchmarks: a mesh of local processes, each its own operator, in a temporary folder that goes at the end.
# Sets `work`; `start_mesh N` starts nodes 1 to N and waits until the last one serves.
work=$(mktemp -d)
pids=()
cleanup() {
    for pid in "${pids[@]}"; do
        kill "$pid" 2>/dev/null || true
        kill -CONT "$pid" 2>/dev/null || true
    done
    wait 2>/dev/null || true
    rm -rf "$work"
}
trap cleanup EXIT

hosting=(home hetzner ovh aws)
jurisdiction=(DE FI FR US)
base=${BASE_PORT:-21000}
start() { # number, further arguments
    local number=$1
    shift
    "$holdfast" up --data "$work/n$number" --listen "127.0.$((${ADDRESS_BASE:-90} + number)).1:$((base + number))" \
        --gateway "127.0.0.1:$((base + 100 + number))" --control "127.0.0.1:$((base + 200 + number))" \
        --operator "op$number" --hosting "${hosting[number % 4]}" --jurisdiction "${jurisdiction[number % 4]}" \
        --log-level error "$@" >"$work/n$number.log" 2>&1 &
    pids+=($!)
}
ready() { # number
    for _ in $(seq 200); do
        if (exec 3<>"/dev/tcp/127.0.0.1/$((base + 100 + $1))") 2>/dev/null; then return; fi
        sleep 0.05
    done
    echo "node $1 did not open its gateway:" >&2
    cat "$work/n$1.log" >&2
    exit 1
}
start_mesh() { # nodes, further arguments
    local nodes=$1 number invite
    shift
    start 1 "$@"
    ready 1
    invite=$("$holdfast" invite --data "$work/n1" 2>/dev/null)
    for number in $(seq 2 "$nodes"); do start "$number" --join "$invite" "$@"; done
    for number in $(seq 2 "$nodes"); do ready "$number"; done
}

status() { # Python expression of the first node's status `s`: whether it is true
    "$holdfast" status --json --data "$work/n1" 2>/dev/null |
        python3 -c 'import json, sys; s = json.load(sys.stdin); sys.exit(0 if eval(sys.argv[1]) else 1)' "$1" 2>/dev/null
}
await_status() { # what, Python expression, seconds
    local begin=$SECONDS
    until status "$2"; do
        if ((SECONDS - begin > $3)); then
            echo "this did not come true within $3 s: $1" >&2
            exit 1
        fi
        sleep 0.2
    done
}
undisturbed() { # command: runs it while the living nodes stand still and have nothing left to write
    local pid code=0 living=()
    for pid in "${pids[@]}"; do if kill -0 "$pid" 2>/dev/null; then living+=("$pid"); fi; done
    sync
    kill -STOP "${living[@]}"
    "$@" || code=$?
    kill -CONT "${living[@]}"
    ((code == 0)) || exit "$code"
    # They may have taken each other for dead.
    sleep 3
    await_status "all nodes are alive again" "s['members']['alive'] == ${#living[@]}" 120
}

milliseconds() { # command
    local begin end
    begin=$(date +%s%N)
    "$@" >/dev/null 2>"$work/command.log" || { cat "$work/command.log" >&2; exit 1; }
    end=$(date +%s%N)
    echo $(((end - begin) / 1000000))
}
median() { sort -n | sed -n "$((($1 + 1) / 2))p"; }
