#!/bin/sh
# `store import`, `store list` and `history --verify` from outside: options, messages, exit codes.
set -eu

: "${MBXCTL:?the mbxctl to test}" "${MBXCTL_SOURCE:?the source folder}"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/here"
cd "$work/here"
unset MBXCTL_CONFIG MBXCTL_DIRECTORY MBXCTL_DC SOURCE_DATE_EPOCH
export MBXCTL_STORE=sqlite:store.db
header=DisplayName,MailboxGuid,LegacyDN,Database,DisconnectDate
ann=Ann,11111111-0000-4000-8000-000000000001,/o=X,DB1
bob=Bob,22222222-0000-4000-8000-000000000002,/o=Y,DB1

fail() {
	echo "FAILED: $1" >&2
	cat "$work/out" "$work/err" >&2
	exit 1
}

# run STATUS COMMAND...: the command ends with that exit status.
run() {
	expected=$1 status=0
	shift
	"$MBXCTL" "$@" >"$work/out" 2>"$work/err" || status=$?
	[ "$status" -eq "$expected" ] || fail "mbxctl $*: exit status $status, not $expected"
}

# says WHERE TEXT: out or err has this text in it.
says() {
	grep -qF -- "$2" "$work/$1" || fail "$1 does not say: $2"
}

# A first import that is refused leaves no store, and one that is taken does.
printf '%s\n%s,\n' "$header" "Ann,none,/o=X,DB1" >bad.csv
printf '%s\n%s,11/1/2026 3:05:02 PM\n%s,\n' "$header" "$ann" "$bob" >dates.csv
run 1 store import bad.csv
says err '[guid-invalid]'
[ ! -e store.db ] || fail 'a refused first import left a store behind'
run 69 store list
says err 'there is no store'

# Dates in doubt, and what settles them.
run 1 store import dates.csv
says err '2026-01-11 or 2026-11-01'
says err '--date-order'
run 64 store import dates.csv --date-order dym
says err '--date-order takes ymd, dmy or mdy, not "dym"'
run 64 store import dates.csv --time-zone Europe/Bonn
says err 'there is no time zone "Europe/Bonn"'
[ ! -e store.db ] || fail 'a usage error left a store behind'
# A refused file does not stop the next.
run 1 store import bad.csv dates.csv --date-order mdy --time-zone Europe/Berlin
run 0 store list -o json
says out '"disconnectDate": "2026-11-01T14:05:02Z"'

# JSON of the same, and --prune.
printf '[{"DisplayName":"Ann","MailboxGuid":"%s","LegacyDN":"/o=X","Database":"DB1",%s}]' \
	11111111-0000-4000-8000-000000000001 '"DisconnectDate":"\/Date(1793541902000)\/"' >ann.json
run 0 store import ann.json
says out 'ann.json: mailboxes: 0 added, 0 changed, 1 unchanged, 1 vanished'
run 0 store list
says out 'Bob'
run 0 store import ann.json --prune
says out '0 vanished, 1 pruned'
run 0 store list
! grep -q Bob "$work/out" || fail 'Bob was not pruned'

# The states stand below each other, whatever the names are.
long='Conference Room With A Name Of 38 Chars'
printf '%s\n%s,\n%s,\n' "$header" "$ann" \
	"$long,33333333-0000-4000-8000-000000000003,/o=Z,DB1" >long.csv
run 0 store import long.csv
run 0 store list
columns=$(awk '/connected/ {print index($0, "connected")}' "$work/out" | sort -u | wc -l)
[ "$columns" -eq 1 ] || fail 'the states do not stand below each other'

# Is the history as it was written?
cp -R "$MBXCTL_SOURCE/examples/contoso" "$work/contoso"
cd "$work/contoso"
unset MBXCTL_STORE
now=2026-11-20T09:00:00Z
run 0 store import databases.csv mailboxes.csv --now $now
run 0 history --verify
says out 'The history is as it was written: 0 rows checked'
run 3 apply --yes --now $now
run 0 history --verify
rows=$(sqlite3 mbxctl.db 'SELECT count(*) FROM change')
says out "The history is as it was written: $rows rows checked"
run 0 history 1 --verify -o json
[ "$(jq -c . "$work/out")" = "{\"rows\":$rows,\"bad\":null}" ] || fail 'JSON of a good history'
run 1 history 7 --verify
says err 'there is no run 7'
sqlite3 mbxctl.db "UPDATE change SET after = '[]' WHERE id = 5"
run 1 history --verify
says out 'Row 5 of the history is not as it was written (run 1, '
run 1 history --verify -o json
[ "$(jq -c . "$work/out")" = '{"rows":5,"bad":5}' ] || fail 'JSON of an altered history'
