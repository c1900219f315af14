#!/bin/sh
# Builds mbxctl twice (gcc; clang with ASan and UBSan), runs every test in both, and checks the
# format of the sources. The last line says how many passed and failed.
set -u
cd "$(dirname "$0")/.." || exit 1

passed=0 failed=0 broken=

pass() {
  passed=$((passed + 1))
}

# fail NAME: remembered until the end, where everybody looks.
fail() {
  failed=$((failed + 1))
  broken="$broken
  $1"
}

title() {
  printf '\n== %s\n' "$1"
}

# Those of the Debian packages named that are not installed.
missing() {
  for package; do
    [ "$(dpkg-query -W -f '${db:Status-Abbrev}' "$package" 2>/dev/null)" = 'ii ' ] ||
      printf '%s ' "$package"
  done
}

install_missing() {
  wanted=$(missing "$@") sudo=
  [ -n "$wanted" ] || return 0
  title "apt-get install $wanted"
  [ "$(id -u)" -eq 0 ] || sudo=sudo
  # shellcheck disable=SC2086
  $sudo apt-get update -qq && $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -qq \
    --no-install-recommends -o Dpkg::Use-Pty=0 $wanted >/dev/null
}

# The tests start a slapd of their own: without a configuration its package starts none.
install_slapd() {
  [ -n "$(missing slapd)" ] || return 0
  sudo=
  [ "$(id -u)" -eq 0 ] || sudo=sudo
  echo 'slapd slapd/no_configuration boolean true' | $sudo debconf-set-selections
  install_missing slapd
}

# The same of Samba. Its packages start servers when they are installed, and when the machine starts.
install_samba() {
  wanted='samba-ad-dc samba-ad-provision ldb-tools'
  # shellcheck disable=SC2086
  [ -n "$(missing $wanted)" ] || return 0
  sudo='' policy=/usr/sbin/policy-rc.d made=
  [ "$(id -u)" -eq 0 ] || sudo=sudo
  [ -e $policy ] || made=yes
  [ -z "$made" ] || printf '#!/bin/sh\nexit 101\n' | $sudo install -m 755 /dev/stdin $policy
  # shellcheck disable=SC2086
  install_missing $wanted
  result=$?
  [ -z "$made" ] || $sudo rm -f $policy
  [ ! -d /run/systemd/system ] || $sudo systemctl disable -q smbd nmbd winbind samba-ad-dc
  return $result
}

install_packages() {
  command -v dpkg-query >/dev/null || return 0 # no Debian: they are there, or the build says so
  install_missing meson ninja-build pkg-config gcc libc6-dev clang clang-format libyaml-dev \
    libldap-dev libsasl2-dev libkrb5-dev libsqlite3-dev sqlite3 libuv1-dev libcmocka-dev \
    libjansson-dev libcsv-dev uthash-dev libunistring-dev nettle-dev libgnutls28-dev \
    libmicrohttpd-dev libgit2-dev jq python3 python3-jsonschema python3-yaml expect git openssh-client \
    libsystemd-dev ldap-utils gnutls-bin openssl prometheus chromium chromium-driver faketime \
    systemd krb5-user libsasl2-modules-gssapi-mit &&
    install_slapd && install_samba &&
    install_missing "libclang-rt-$(clang -dumpversion | cut -d . -f 1)-dev"
}

# configure FOLDER CC OPTION...: a folder that is there already is kept, with what it has built.
configure() {
  folder=$1 cc=$2 again=
  shift 2
  if [ -e "$folder/build.ninja" ]; then
    again=--reconfigure # which leaves some options as they were, so they are set before
    meson configure "$folder" "$@" || return
  fi
  # meson tells its errors on standard output.
  # shellcheck disable=SC2086
  said=$(CC=$cc meson setup $again "$folder" "$@") || {
    printf '%s\n' "$said"
    return 1
  }
}

# Adds the results of a test run, one JSON object a line, and lists those that failed.
count() {
  results=$(jq -r '"\(.result) \(.name)"' "$1/meson-logs/testlog.json")
  while read -r result name; do
    case $result in
    OK | EXPECTEDFAIL) pass ;;
    SKIP) printf 'skipped: %s\n' "$name" ;;
    *) fail "$1: $name ($result)" ;;
    esac
  done <<END
$results
END
}

# build_and_test FOLDER CC OPTION...
build_and_test() {
  title "$1"
  rm -f "$1/meson-logs/testlog.json"
  if ! configure "$@" || ! ninja -C "$1" --quiet; then
    fail "$1: the build"
    return
  fi
  meson test -C "$1" --no-rebuild --print-errorlogs --quiet
  if [ -s "$1/meson-logs/testlog.json" ]; then
    count "$1"
  else
    fail "$1: meson test"
  fi
}

check_format() {
  title clang-format
  if find agent base reconcile spec store tests -name '*.[ch]' -print0 |
    xargs -0 clang-format --dry-run -Werror; then
    pass
  else
    fail 'clang-format: run clang-format -i over the files above'
  fi
}

install_packages || fail 'apt-get install'
build_and_test build-gcc gcc -Dbuildtype=release -Dwerror=true
build_and_test build-clang clang -Dwerror=true -Db_sanitize=address,undefined -Db_lundef=false \
  -Dc_args=-fno-sanitize-recover=undefined
check_format

[ -z "$broken" ] || printf '\nFailed:%s\n' "$broken"
printf '\n%d passed, %d failed\n' "$passed" "$failed"
[ "$failed" -eq 0 ]
