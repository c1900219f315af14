#!/bin/sh
# Builds mbxctl and tries it on an invented organisation, contoso.com (see contoso/README.md).
# For Debian 12. Installs by apt-get what is missing, and works in a new temporary folder.
set -eu
source=$(cd "$(dirname "$0")/.." && pwd)
now=2026-11-20T09:00:00Z # the "today" of the example

if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then
  bold=$(printf '\033[1m') plain=$(printf '\033[0m')
else
  bold='' plain=''
fi

say() {
  printf '\n%s%s%s\n' "$bold" "$*" "$plain"
}

die() {
  printf '\nquickstart: %s\n' "$*" >&2
  exit 1
}

# quiet WHAT COMMAND...: its output is shown only where it fails.
quiet() {
  what=$1
  shift
  "$@" >"$log" 2>&1 || {
    cat "$log" >&2
    die "$what failed; what it said stands above"
  }
}

# Those of the Debian packages named that are not installed.
missing() {
  for package; do
    [ "$(dpkg-query -W -f '${db:Status-Abbrev}' "$package" 2>/dev/null)" = 'ii ' ] ||
      printf '%s ' "$package"
  done
}

install_packages() {
  command -v apt-get >/dev/null ||
    die "this needs apt-get (Debian 12); elsewhere build by hand, see README.md"
  wanted=$(missing meson ninja-build pkg-config gcc libc6-dev libyaml-dev libldap-dev \
    libsasl2-dev libkrb5-dev libsqlite3-dev libuv1-dev libjansson-dev libcsv-dev uthash-dev libunistring-dev \
    nettle-dev libgnutls28-dev libmicrohttpd-dev libgit2-dev libcmocka-dev)
  [ -n "$wanted" ] || return 0
  sudo=
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null ||
      die "these packages are missing: ${wanted% }; run this as root, or install sudo"
    sudo=sudo
  fi
  say "Installing $wanted"
  # shellcheck disable=SC2086
  quiet "apt-get update" $sudo apt-get update
  # shellcheck disable=SC2086
  quiet "apt-get install" $sudo env DEBIAN_FRONTEND=noninteractive apt-get install --yes \
    --no-install-recommends -o Dpkg::Use-Pty=0 $wanted
}

build() {
  say "Building mbxctl in $source/build"
  again=
  [ ! -e "$source/build/build.ninja" ] || again=--reconfigure
  # shellcheck disable=SC2086
  quiet "meson setup" meson setup $again "$source/build" "$source" -Dbuildtype=release \
    -Dwerror=false
  quiet "the build" meson compile -C "$source/build" mbxctl
}

# show EXPECTED COMMAND...: the command line, then what it says. EXPECTED are the exit statuses
# that are in order here.
show() {
  expected=$1 status=0
  shift
  say "\$ $*"
  "$@" || status=$?
  case " $expected " in
  *" $status "*) ;;
  *) die "this ended with exit status $status, which it should not" ;;
  esac
  [ "$status" -ne 3 ] || echo '(exit status 3: some connections are blocked)'
}

line_of() {
  grep -n "$1" manifests/mistakes.yaml | cut -d : -f 1
}

next_steps() {
  say "What to try next"
  cat <<END
The two mistakes are there on purpose. Go to the folder of the example,

  cd $work
  PATH=$source/build/agent:\$PATH

and mend them in manifests/mistakes.yaml:

  line $(line_of 'mailbox: Anna Schmidt'): instead of Anna Schmidt write the GUID of one of the two
           mailboxes, as the plan above lists them
  line $(line_of 'user: roberta.keller'): instead of roberta.keller write robert.keller

Then see what that changes, and carry it out; apply asks first:

  mbxctl plan --now $now
  mbxctl apply --now $now

What was done, and what there is: mbxctl history, mbxctl store list.
What became of the directory:

  diff $source/examples/contoso/contoso.ldif contoso.ldif
END
}

log=$(mktemp)
trap 'rm -f "$log"' EXIT
install_packages
build

work=$(mktemp -d "${TMPDIR:-/tmp}/mbxctl-contoso.XXXXXX")
cp -R "$source/examples/contoso/." "$work"
cd "$work"
say "A copy of the example is in $work"

PATH=$source/build/agent:$PATH
unset MBXCTL_CONFIG MBXCTL_STORE MBXCTL_DIRECTORY MBXCTL_DC
show 0 mbxctl store import databases.csv mailboxes.csv --now "$now"
# 3: the mistakes stand in the way of two connections, and of those alone.
show 3 mbxctl plan --now "$now"
# You have seen the plan: --held agrees to what it holds, as an answer to the question would.
show 3 mbxctl apply --yes --held --now "$now"
show 3 mbxctl plan --now "$now"
next_steps
