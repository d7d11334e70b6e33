#!/bin/sh
# Install the Debian packages named as arguments that are missing; says which, and asks sudo where it is not root.
set -eu
missing=""
for package in "$@"; do
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing="$missing $package"
done
[ -n "$missing" ] || exit 0
if ! command -v apt-get >/dev/null; then
    echo "setup: these Debian packages are needed and there is no apt-get here:$missing" >&2
    exit 2
fi
as_root=""
if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || { echo "setup: run as root, or install sudo, to get:$missing" >&2; exit 2; }
    as_root="sudo"
fi
echo "setup: installing system packages (real broker, compilers and simulator for the tests):$missing"
retries="-o Acquire::Retries=3 -o DPkg::Lock::Timeout=120" # a mirror may fail once, another apt-get may be at work
# shellcheck disable=SC2086 # options
$as_root apt-get $retries update -qq
# shellcheck disable=SC2086 # a list of package names
$as_root env DEBIAN_FRONTEND=noninteractive apt-get $retries install -y -qq --no-install-recommends $missing >/dev/null
