#!/bin/sh
# The plan of a pull request: validates the manifests, plans them, and leaves in a folder
#   status       the exit status of mbxctl
#   plan.md      for people        plan.json    for programs
#   errors.txt   what is wrong, where no plan could be made
#
# usage: plan.sh FOLDER [PATH...]
#
# Ends with 0 where there is a plan, also one with blocked connections: that is shown, and holds
# nobody up. Else with the status of mbxctl, 65 for an invalid manifest.
set -eu
[ $# -ge 1 ] || {
  echo "usage: plan.sh FOLDER [PATH...]" >&2
  exit 64
}
out=$1
shift
mkdir -p "$out"
rm -f "$out/status" "$out/plan.md" "$out/plan.json" "$out/errors.txt"

status=0
mbxctl validate --quiet "$@" 2>"$out/errors.txt" || status=$?
if [ "$status" -eq 0 ]; then
  mbxctl plan --quiet --output "markdown=$out/plan.md" --output "json=$out/plan.json" "$@" \
    2>"$out/errors.txt" || status=$?
fi
echo "$status" >"$out/status"

case $status in
0 | 2) echo 'planned; nothing stands in the way' ;;
3) echo 'planned; some connections are blocked or unknown, see the plan' ;;
*)
  sed 's/^/| /' "$out/errors.txt" >&2
  echo "no plan: mbxctl ended with exit status $status" >&2
  exit "$status"
  ;;
esac
