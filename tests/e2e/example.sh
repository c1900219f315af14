#!/bin/sh
# The sample organisation from import to a second apply: what README.md and examples/ promise.
set -eu

: "${MBXCTL:?the mbxctl to test}" "${MBXCTL_SOURCE:?the source folder}"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp -R "$MBXCTL_SOURCE/examples/contoso" "$work/contoso"
cd "$work/contoso"
unset MBXCTL_CONFIG MBXCTL_STORE MBXCTL_DIRECTORY MBXCTL_DC SOURCE_DATE_EPOCH
now=2026-11-20T09:00:00Z

fail() {
  echo "FAILED: $1" >&2
  shift
  for file; do
    echo "--- $file" >&2
    cat "$file" >&2
  done
  exit 1
}

# run STATUS OUT COMMAND...: the command ends with that exit status; what it says goes into OUT.
run() {
  expected=$1 out=$work/$2 status=0
  shift 2
  "$MBXCTL" "$@" >"$out" 2>"$out.err" || status=$?
  [ "$status" -eq "$expected" ] ||
    fail "mbxctl $*: exit status $status, not $expected" "$out" "$out.err"
}

# holds OUT EXPRESSION: the jq expression is true of the JSON in OUT.
holds() {
  jq -e "$2" "$work/$1" >/dev/null || fail "not so: $2" "$work/$1"
}

everything() {
  find . -type f -exec sha256sum {} + | sort -k 2
}

run 0 validate validate
run 0 import store import databases.csv mailboxes.csv --now $now

# Making a plan writes nothing anywhere.
everything >"$work/before"
run 3 plan.json plan -o json --now $now
run 3 plan.txt plan --now $now
everything >"$work/after"
cmp -s "$work/before" "$work/after" || fail "plan wrote something" "$work/before" "$work/after"
holds plan.json '.summary == {total: 20, connect: 16, update: 1, none: 1, blocked: 2,
  unknown: 0, suspended: 0}'
holds plan.json '[.connections[] | select(.action == "connect" or .action == "update")
  | .holds[]] == ["matched-by-name"]'

# The two mistakes are explained.
holds plan.json '.connections[] | select(.name == "Anna Schmidt")
  | [.reasons[].code] == ["mailbox-ambiguous"] and (.candidates | length) == 2'
holds plan.json '.connections[] | select(.name == "Robert Keller")
  | [.reasons[].code] | contains(["user-has-mailbox"])'

# What can be done is done, in spite of them.
run 3 apply.json apply --yes --held -o json --now $now
holds apply.json '.summary.applied == 17 and .summary.failed == 0 and .summary.stale == 0
  and .summary.uncertain == 0 and .summary.held == 0 and .summary.notAttempted == 0'
cp contoso.ldif "$work/applied.ldif"
for line in 'mailNickname: k.mueller' 'mailNickname: ProjectorP14' \
  'proxyAddresses: SMTP:jose.nunez@contoso.com' \
  'proxyAddresses: SMTP:John.Evans@contoso.com'; do
  grep -qx "$line" contoso.ldif || fail "contoso.ldif has no line $line"
done

# Then there is nothing left to do, and a second apply changes no byte of the directory.
run 3 again.json plan -o json --now $now
holds again.json '.summary.connect == 0 and .summary.update == 0 and .summary.none == 18
  and .summary.blocked == 2'
run 3 apply2.json apply --yes -o json --now $now
holds apply2.json '.summary.applied == 0'
cmp -s contoso.ldif "$work/applied.ldif" || fail "a second apply changed contoso.ldif"
