#!/bin/sh
# Installs what is missing of the Debian packages that the tree needs.
#   scripts/install-deps.sh GROUP...    (build, test, bench ...: see below; a later one needs those before it named too)
set -eu

build="g++ cmake ninja-build pkg-config libssl-dev libc-ares-dev libspdlog-dev libcli11-dev libluajit-5.1-dev liblua5.1-0-dev lua-cjson-dev"
test="libgtest-dev libgmock-dev lua5.1 luajit openssl python3-minimal libpython3-stdlib socat mosquitto mosquitto-clients nginx-light dnsmasq-base vsftpd chrony faketime iproute2 iptables procps"
clang="clang libclang-rt-14-dev"
tidy="clang-tidy cppcheck"
deb="dpkg-dev file binutils"
bench="libbenchmark-dev"
guard="valgrind lua5.1 luajit"
soak="valgrind lua5.1"
coverage="gcovr"
measure="strace valgrind lua5.1 luajit lua-luv lua-cqueues lua-luaossl lua-copas lua-socket lua-sec libmosquitto-dev mosquitto openssl"

wanted=
for group in "$@"; do
  case $group in
    build) wanted="$wanted $build" ;;
    test) wanted="$wanted $test" ;;
    clang) wanted="$wanted $clang" ;;
    bench) wanted="$wanted $bench" ;;
    guard) wanted="$wanted $guard" ;;
    soak) wanted="$wanted $soak" ;;
    coverage) wanted="$wanted $coverage" ;;
    measure) wanted="$wanted $measure" ;;
    tidy) wanted="$wanted $tidy" ;;
    deb) wanted="$wanted $deb" ;;
    *) echo "$0: no group '$group' (build, test, bench, guard, soak, coverage, measure, clang, tidy, deb)" >&2; exit 2 ;;
  esac
done

missing=
for package in $wanted; do
  case $(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true) in
    installed) ;;
    *) missing="$missing $package" ;;
  esac
done
[ -n "$missing" ] || exit 0

if ! command -v apt-get >/dev/null; then
  echo "This machine has no apt-get. Please install what these Debian packages hold:$missing" >&2
  exit 1
fi
as_root=
if [ "$(id -u)" != 0 ]; then
  if ! command -v sudo >/dev/null; then
    echo "Packages are missing, and there is neither root nor sudo to install them with:$missing" >&2
    exit 1
  fi
  as_root=sudo
fi

echo "Installing from Debian:$missing"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# A server that a package brings is for the tests to start, not for the machine: no service is started here.
policy=/usr/sbin/policy-rc.d
made_policy=
if [ ! -e "$policy" ]; then
  printf '#!/bin/sh\nexit 101\n' | $as_root tee "$policy" >/dev/null && $as_root chmod +x "$policy" && made_policy=1
fi
code=0
{
  $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $missing ||
    { $as_root apt-get update -q && $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $missing; }
} >"$log" 2>&1 || code=$?
[ -z "$made_policy" ] || $as_root rm -f "$policy"
if [ "$code" != 0 ]; then
  tail -n 20 "$log" >&2
  echo "Installing failed." >&2
  exit "$code"
fi
