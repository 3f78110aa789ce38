#!/bin/sh
# Installs the Debian packages that a make target needs, as root or through sudo; without either it says what to install.
#   tools/setup.sh [--check] build|test|lint|bench ...
# --check installs nothing and fails when something is missing.
set -eu
check=no
[ "${1:-}" = --check ] && { check=yes; shift; }

packages() {
    case $1 in
    build) echo gcc make libc6-dev python3 pkg-config libpg-query-dev postgresql-server-dev-15 libsqlite3-dev libssl-dev libinih-dev \
        libgmp-dev libicu-dev libxxhash-dev libstemmer-dev tzdata ;;
    test) packages build; echo check libsubunit-dev libpq-dev sqlite3 postgresql-client-15 postgresql-15 postgresql-contrib python3-psycopg2 nodejs openssl openjdk-17-jdk-headless libpostgresql-jdbc-java \
        valgrind clang-14 libclang-rt-14-dev spin ;;
    lint) packages build; echo check clang-14 clang-format-14 clang-tidy-14 cppcheck shellcheck libpq-dev ;;
    bench) packages build; echo postgresql-15 postgresql-client-15 ;;
    *) echo "unknown group $1" >&2; exit 2 ;;
    esac
}

missing=
for package in $(for group in "$@"; do packages "$group"; done | tr ' ' '\n' | sort -u); do
    # A command that the machine has from elsewhere (a newer Node.js, say) serves as well as the package.
    case $package in
    nodejs) command -v node >/dev/null 2>&1 && continue ;;
    python3) command -v python3 >/dev/null 2>&1 && continue ;;
    esac
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing="$missing $package"
done
[ -z "$missing" ] && exit 0
if [ $check = yes ]; then
    echo "Missing packages:$missing" >&2
    echo "Install them with: apt-get install$missing" >&2
    exit 1
fi
if [ "$(id -u)" = 0 ]; then
    as_root=
elif command -v sudo >/dev/null 2>&1; then
    as_root=sudo
else
    echo "Missing packages:$missing" >&2
    echo "Not root and no sudo here: install them with  apt-get install$missing" >&2
    exit 1
fi
echo "Installing:$missing"
# The server package is for side-by-side tests only: no cluster of its own.
$as_root mkdir -p /etc/postgresql-common
[ -e /etc/postgresql-common/createcluster.conf ] || echo 'create_main_cluster = false' | $as_root tee /etc/postgresql-common/createcluster.conf >/dev/null
$as_root env DEBIAN_FRONTEND=noninteractive sh -c "apt-get update -qq && apt-get install -y -qq --no-install-recommends$missing" >/dev/null
