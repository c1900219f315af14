#!/bin/sh
# Builds mbxctl and tries it on contoso.com (see ../contoso/README.md), kept by an OpenLDAP server:
# a slapd of its own in a new temporary folder, which ends with this script. For Debian 12.
# Installs by apt-get what is missing.
set -eu
source=$(cd "$(dirname "$0")/../.." && pwd)
now=2026-11-20T09:00:00Z # the "today" of the example
suffix=dc=contoso,dc=com
account=cn=mbxctl,$suffix
PATH=$PATH:/usr/sbin

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
    nettle-dev libgnutls28-dev libmicrohttpd-dev libgit2-dev libcmocka-dev slapd ldap-utils python3)
  [ -n "$wanted" ] || return 0
  sudo=
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null ||
      die "these packages are missing: ${wanted% }; run this as root, or install sudo"
    sudo=sudo
  fi
  say "Installing $wanted"
  # Without a configuration the package of slapd starts no service.
  [ -z "$(missing slapd)" ] ||
    echo 'slapd slapd/no_configuration boolean true' | $sudo debconf-set-selections
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

# The example as OpenLDAP holds it, and the service account.
directory() {
  python3 "$source/tests/lab/convert.py" contoso.ldif
  cat <<END
dn: $account
objectClass: organizationalRole
objectClass: simpleSecurityObject
cn: mbxctl
userPassword: $(slappasswd -n -T password)

END
}

# slapd.conf with the folders of this server.
configuration() {
  sed -e "s|^include /etc/ldap/schema/exchange.schema|include $source/examples/openldap/exchange.schema|" \
    -e "s|^pidfile .*|pidfile $work/slapd.pid|" -e "s|^directory .*|directory $work/db|" \
    "$source/examples/openldap/slapd.conf"
}

start_slapd() {
  say "Loading contoso.com into a slapd in $work"
  (umask 077 && head -c 24 /dev/urandom | base64 | tr -d '\n' >password)
  mkdir db
  configuration >slapd.conf
  directory >openldap.ldif
  quiet slapadd slapadd -q -f slapd.conf -l openldap.ldif
  slapd -f slapd.conf -h "$uri/" -d 0 2>slapd.log &
  slapd=$!
  for try in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
    ! ldapwhoami -x -H "$uri" -D "$account" -y password >"$log" 2>&1 || return 0
    [ "$try" -lt 20 ] || break
    sleep 0.25
  done
  cat slapd.log "$log" >&2
  die "slapd does not answer; what it said stands above"
}

stop_slapd() {
  if [ -n "$slapd" ]; then
    kill "$slapd" 2>/dev/null || true
    wait "$slapd" || true
  fi
  rm -f "$log"
}

config() {
  cat <<END
apiVersion: mbxctl/v1
kind: Config
manifests: [manifests]
store: sqlite:mbxctl.db
directory:
  uri: "$uri"
  base: $suffix
  configuration: cn=Configuration,$suffix
  bind: {method: simple, dn: "$account", passwordFile: password}
primaryDomain: contoso.com
END
}

# show EXPECTED COMMAND...: the command line, then what it says. EXPECTED is the exit status that
# is in order here.
show() {
  expected=$1 status=0
  shift
  say "\$ $*"
  "$@" || status=$?
  [ "$status" -eq "$expected" ] ||
    die "this ended with exit status $status, which it should not"
  [ "$status" -ne 3 ] || echo '(exit status 3: some connections are blocked)'
}

next_steps() {
  say "What to try next"
  cat <<END
The slapd ends with this script. To go on with it:

  cd $work
  PATH=$source/build/agent:\$PATH:/usr/sbin
  slapd -f slapd.conf -h $uri/
  mbxctl apply --now $now
  kill \$(cat slapd.pid)

mbxctl.yaml is the config that mbxctl was run with. What your own server needs
is in $source/examples/openldap/README.md.
END
}

log=$(mktemp) slapd=
trap stop_slapd EXIT
trap 'exit 1' INT TERM
install_packages
build

# A socket's name may have 107 bytes: no TMPDIR.
work=$(mktemp -d /tmp/mbxctl-openldap.XXXXXX)
uri=ldapi://$(printf '%s' "$work/ldapi" | sed 's|/|%2f|g')
cp -R "$source/examples/contoso/." "$work"
cd "$work"
PATH=$source/build/agent:$PATH
unset MBXCTL_CONFIG MBXCTL_STORE MBXCTL_DIRECTORY MBXCTL_DC
start_slapd
config >mbxctl.yaml
rm contoso.ldif

show 0 mbxctl store import databases.csv mailboxes.csv --now "$now"
# 3: the two mistakes of manifests/mistakes.yaml stand in the way, and of those alone.
show 3 mbxctl plan --now "$now"
next_steps
