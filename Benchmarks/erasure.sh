#!/usr/bin/env bash
# The erasure code beside bare calls of the library under it: encoding 10+20 and 10+4, and rebuilding what is lost.
# Both are in one process, in turn, one thread, 64 KiB units, median of fifteen.
set -euo pipefail
holdfast=${1:?usage: erasure.sh HOLDFAST}
"$(dirname "$holdfast")/erasure-bench"
