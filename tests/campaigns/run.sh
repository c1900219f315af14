#!/bin/sh
# The whole of the campaigns that tests/run.sh runs a cut of; a line of figures each.
#
# usage: run.sh [NAME...]      all: model kill kills agent-kill nemesis races matrix
#                              domain-agent watch wire soak fuzz bench
#
#   SEED=1         where all but matrix, wire and bench begin
#   WORLDS=2000    model: random worlds
#   KILLS=625      kill: of an apply, 25 a seed
#   SERVED=100     kills: of an apply that speaks to a slapd
#   KILLED=25      agent-kill: of a running agent, over a slapd and over a file by turns
#   FAULTS=200     nemesis: of a slapd, or of the way to it, in a plan or an apply
#   RACES=300      races: of two applies that contradict each other, on one slapd
#   TURNS=500      watch: random sequences of what is done to a folder of manifests
#   SOAKED=3600    soak: seconds
#   DRIFTED=600    domain-agent: seconds
#   BUDGET=60      fuzz: seconds for each target
#   STEP=1         wire:   bytes from one place to the next, without TLS
#
# All it builds and all that a campaign says is kept in build-campaigns/.
set -u
cd "$(dirname "$0")/../.." || exit 1

seed=${SEED:-1} worlds=${WORLDS:-2000} kills=${KILLS:-625} budget=${BUDGET:-60}
served=${SERVED:-100} faults=${FAULTS:-200} races=${RACES:-300} step=${STEP:-1}
turns=${TURNS:-500} killed=${KILLED:-25} soaked=${SOAKED:-3600} drifted=${DRIFTED:-600}
out=build-campaigns failed=
all='model kill kills agent-kill nemesis races matrix domain-agent watch wire soak fuzz bench'
mkdir -p "$out/logs" || exit 1

# build FOLDER CC TARGET... -- OPTION...
build() {
  folder=$out/$1 cc=$2 targets=
  shift 2
  while [ "$1" != -- ]; do
    targets="$targets $1"
    shift
  done
  shift
  [ -e "$folder/build.ninja" ] || CC=$cc meson setup "$folder" "$@" || return
  # shellcheck disable=SC2086
  ninja -C "$folder" --quiet $targets
}

release() {
  build release gcc agent/mbxctl -- -Dbuildtype=release &&
    export MBXCTL_SOURCE="$PWD" MBXCTL="$PWD/$out/release/agent/mbxctl" PYTHONDONTWRITEBYTECODE=1
}

# campaign NAME COMMAND...: the last line that COMMAND says are its figures.
campaign() {
  name=$1 log=$out/logs/$1 began=$(date +%s) result=ok
  shift
  "$@" >"$log" 2>&1 || result=FAILED
  printf '%-13s %-6s %5d s  %s\n' "$name" "$result" $(($(date +%s) - began)) \
    "$(grep -v '^$' "$log" | tail -n 1)"
  [ "$result" = ok ] && return
  failed="$failed $name"
  printf '%s:\n' "$log" >&2
  tail -n 20 "$log" >&2
}

model() {
  release && tests/model/run.py "$worlds" "$seed"
}

# Each seed is a run of its own, so that a failure is found again without those before it.
kill_applies() {
  release || return
  n=0 wrong=0
  while [ $((n * 25)) -lt "$kills" ]; do
    tests/e2e/kill.py 25 $((seed + n)) || wrong=$((wrong + 1))
    n=$((n + 1))
  done
  half=$(awk -F "'half done': " '{ n += $2 } END { print n + 0 }' "$log")
  echo "$((n * 25)) kills, seeds $seed to $((seed + n - 1)): $half half done, $wrong seeds fail"
  [ "$wrong" -eq 0 ]
}

kills() {
  release && tests/slapd/kills.py "$served" "$seed"
}

agent_kill() {
  release && tests/agent/slapd/kill.py "$killed" "$seed"
}

soak() {
  release && ninja -C "$out/release" --quiet tests/soak/heap.so &&
    tests/soak/soak.py --seconds "$soaked" --seed "$seed" --heap "$out/release/tests/soak/heap.so"
}

nemesis() {
  release && tests/slapd/nemesis.py "$faults" "$seed"
}

races() {
  release && tests/slapd/races.py "$races" "$seed"
}

matrix() {
  release && tests/domain/matrix.py all
}

domain_agent() {
  release && tests/domain/agent.py "${drifted}s" "$seed" gssapi
}

watch() {
  release && ninja -C "$out/release" --quiet tests/agent/watch/watch-driver &&
    tests/agent/watch/sequences.py "$out/release/tests/agent/watch/watch-driver" "$turns" "$seed"
}

blind() {
  tests/agent/watch/blind.py "$out/release/tests/agent/watch/watch-driver"
}

# The corpus that a target has grown stays, and is where its next run begins.
fuzz_one() {
  corpus=$out/corpus/$1
  mkdir -p "$corpus" && build fuzz clang "tests/fuzz/fuzz-$1" -- \
    -Dfuzz=true -Db_sanitize=address,undefined -Db_lundef=false \
    -Dc_args=-fno-sanitize-recover=undefined || return
  "$out/fuzz/tests/fuzz/fuzz-$1" -seed="$seed" -max_total_time="$budget" -timeout=10 \
    -print_final_stats=1 -artifact_prefix="$corpus." "$corpus" "tests/fuzz/corpus/$1" 2>&1 || {
    echo "seed $seed: what broke it lies beside $corpus"
    return 1
  }
  echo "$(sed -n 's/^stat::number_of_executed_units: *//p' "$log") inputs, seed $seed, none broke it;" \
    "the corpus has $(find "$corpus" -type f | wc -l)"
}

bench() {
  tests/bench/run.sh 100000 1000 "$out/bench.json" || return
  jq -r '[.rows[] | "\(.name) \(.value) \(.unit) (\(.ratio) of \(.goal))"] | join(", ")' "$out/bench.json"
}

# wire clear|tls cut|stall STEP: one connect, where the server speaks. In TLS at each message.
wire() {
  release && ninja -C "$out/release" --quiet tests/ldap-script/ldap-script &&
    tests/ldap-faults/campaign.py "$out/release/tests/ldap-script/ldap-script" "$@"
}

# shellcheck disable=SC2086
[ $# -gt 0 ] || set -- $all
for wanted; do
  case " $all " in
  *" $wanted "*) ;;
  *)
    echo "run.sh: there is no campaign \"$wanted\"; there are: $all" >&2
    exit 64
    ;;
  esac
done
for wanted; do
  case $wanted in
  model) campaign model model ;;
  kill) campaign kill kill_applies ;;
  agent-kill) campaign agent-kill agent_kill ;;
  kills | nemesis | races | matrix | soak) campaign "$wanted" "$wanted" ;;
  domain-agent) campaign domain-agent domain_agent ;;
  watch)
    campaign watch watch
    campaign watch-blind blind
    ;;
  fuzz)
    for target in tests/fuzz/corpus/*; do
      campaign "fuzz-${target##*/}" fuzz_one "${target##*/}"
    done
    ;;
  wire)
    for how in cut stall; do
      campaign "wire-clear-$how" wire clear "$how" "$step"
      campaign "wire-tls-$how" wire tls "$how" 0
    done
    ;;
  bench) BENCH_BUILD=$out/bench campaign bench bench ;;
  esac
done

[ -z "$failed" ] || printf 'failed:%s\n' "$failed"
[ -z "$failed" ]
