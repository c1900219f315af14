#!/bin/sh
# Builds mbxctl for release and times it: prints a table, writes JSON.
#
# usage: run.sh [CONNECTIONS [FILES [RESULT.json [ROUNDS]]]]    (100000 1000 build-bench/bench.json 3)
set -eu
cd "$(dirname "$0")/../.."

build=${BENCH_BUILD:-build-bench}
[ -e "$build/build.ninja" ] || meson setup "$build" -Dbuildtype=release >/dev/null
ninja -C "$build" --quiet agent/mbxctl tests/bench/bench-plan tests/bench/yardstick >&2
MBXCTL_SOURCE=$PWD MBXCTL=$build/agent/mbxctl BENCH_PLAN=$build/tests/bench/bench-plan \
  YARDSTICK=$build/tests/bench/yardstick PYTHONDONTWRITEBYTECODE=1 \
  tests/bench/measure.py "${1:-100000}" "${2:-1000}" "${3:-$build/bench.json}" "${4:-3}"
