#!/bin/sh
# Install the agent, the resolver or both on a Debian machine (Raspberry Pi OS among them). Again is an update.
#   install.sh [--agent] [--resolver] [--gpio] [--wheels DIR]   both services where neither is named
#   install.sh --rollback                                       back to the release before
#   install.sh --uninstall [--purge]                            away again; --purge takes settings and state, too
# Each release stands in a folder of its own below /opt/shelf/releases; `current` says which one runs.
# --wheels installs from a folder of wheels, without a network. PYTHON names another interpreter.
set -eu
opt=/opt/shelf etc=/etc/shelf units=/etc/systemd/system rules=/etc/udev/rules.d/60-shelf.rules
keep=3
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
tree=$(dirname "$here")
python=${PYTHON:-python3}

say() { echo "install: $1" >&2; }
fail() { echo "install: $1" >&2; exit "${2:-1}"; }
systemd() { [ ! -d /run/systemd/system ] || systemctl "$@"; }
udev() { [ ! -S /run/udev/control ] || { udevadm control --reload && udevadm trigger --subsystem-match=tty; }; }

agent=no resolver=no gpio=no wheels="" what=install purge=no
while [ $# -gt 0 ]; do
    case $1 in
        --agent) agent=yes ;;
        --resolver) resolver=yes ;;
        --gpio) gpio=yes agent=yes ;;
        --wheels) [ $# -ge 2 ] || fail "--wheels needs a folder" 2; wheels=$2; shift ;;
        --rollback) what=rollback ;;
        --uninstall) what=uninstall ;;
        --purge) purge=yes ;;
        *) sed -n '2,7s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
    esac
    shift
done
[ "$(id -u)" -eq 0 ] || fail "run as root: sudo sh $0" 2
[ "$agent$resolver" != nono ] || { agent=yes resolver=yes; }

services() { for one in agent resolver; do [ ! -e "$units/shelf-$one.service" ] || echo "shelf-$one.service"; done; }

restart() { # what is there and was told to run
    for unit in $(services); do systemd try-restart "$unit"; done
}

link() { ln -sfn "$1" "$opt/current.new" && mv -T "$opt/current.new" "$opt/current"; }

make_user() {
    getent passwd "$1" >/dev/null || useradd --system --user-group --home-dir /nonexistent --shell /usr/sbin/nologin "$1"
}

put() { # FROM TO: settings that a person may have changed are left alone
    [ -e "$2" ] || { install -m 0644 "$1" "$2"; say "wrote $2: look it through"; }
}

uninstall() {
    for unit in $(services); do
        systemd disable --now "$unit" || say "$unit could not be stopped"
        rm -f "$units/$unit" "$units/multi-user.target.wants/$unit"
        rm -rf "$units/$unit.d"
    done
    rm -f "$rules" /usr/local/bin/shelf-agent /usr/local/bin/shelf-resolver
    rm -rf "$opt"
    systemd daemon-reload
    udev
    [ "$purge" = no ] || rm -rf "$etc" /var/lib/shelf-agent /var/lib/shelf-resolver
    for user in shelf:shelf-agent shelf-resolver:shelf-resolver; do
        if [ ! -d "/var/lib/${user#*:}" ] && getent passwd "${user%:*}" >/dev/null; then userdel "${user%:*}"; fi
    done
    [ "$purge" = yes ] || say "kept: $etc and the state below /var/lib; --purge takes them, too"
}

rollback() {
    [ -e "$opt/previous" ] || fail "there is no release before this one"
    before=$(readlink "$opt/previous") now=$(readlink "$opt/current")
    link "$before"
    ln -sfn "$now" "$opt/previous"
    restart
    say "now runs $(basename "$before")"
}

make_release() {
    "$python" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' ||
        fail "Python 3.11 to 3.13 is needed; name one with PYTHON=..." 2
    "$python" -c 'import ensurepip' 2>/dev/null || fail "apt-get install python3-venv, then again" 2
    version=$(sed -n 's/^__version__ = "\(.*\)"$/\1/p' "$tree/agent/__init__.py" 2>/dev/null) || version=""
    [ -n "$version" ] || version=$(cat "$here/VERSION" 2>/dev/null) || fail "no version in $tree" 2
    release="$opt/releases/$version-$(date -u +%Y%m%dT%H%M%SZ)"
    mkdir -p "$opt/releases"
    trap 'rm -rf "$release"' EXIT
    "$python" -m venv "$release"
    extras=""
    [ "$resolver" = no ] || extras="resolver,postgres"
    [ "$gpio" = no ] || extras="${extras:+$extras,}gpio"
    say "installing release $(basename "$release")"
    if [ -n "$wheels" ]; then
        "$release/bin/python" -m pip install --quiet --disable-pip-version-check --no-index --find-links "$wheels" \
            "shelf-agent${extras:+[$extras]}==$version"
    else
        # the versions that were tested, without the hashes, which pip does not take for a folder
        sed -n 's/^\([a-zA-Z0-9_.-]*==.*[^ \\]\) *\\*$/\1/p' "$tree/requirements.txt" >"$release/constraints.txt"
        "$release/bin/python" -m pip install --quiet --disable-pip-version-check \
            --constraint "$release/constraints.txt" "$tree${extras:+[$extras]}"
    fi
    "$release/bin/shelf-agent" --version >/dev/null || fail "the release does not start"
    trap - EXIT
    if [ -e "$opt/current" ]; then ln -sfn "$(readlink "$opt/current")" "$opt/previous"; fi
    link "$release"
    for old in $(ls -1d "$opt"/releases/* | sort | head -n -"$keep"); do
        [ "$old" = "$(readlink "$opt/previous" || true)" ] || rm -rf "$old"
    done
}

service() { # NAME USER
    make_user "$2"
    install -m 0644 "$here/systemd/shelf-$1.service" "$units/shelf-$1.service"
    ln -sfn "$opt/current/bin/shelf-$1" "/usr/local/bin/shelf-$1"
    put "$here/$1.toml" "$etc/$1.toml"
}

case $what in
    uninstall) uninstall; exit 0 ;;
    rollback) rollback; exit 0 ;;
esac
make_release
mkdir -p "$etc" "$units" /usr/local/bin
if [ "$agent" = yes ]; then
    service agent shelf
    ln -sfn "$opt/current/bin/shelf-agent" /usr/local/bin/shelf-agent
    if [ -d /etc/udev ]; then # a root without devices has none
        mkdir -p "$(dirname "$rules")"
        install -m 0644 "$here/udev/60-shelf.rules" "$rules"
    fi
    if [ "$gpio" = yes ] && getent group gpio >/dev/null; then
        mkdir -p "$units/shelf-agent.service.d"
        printf '[Service]\nSupplementaryGroups=gpio\n' >"$units/shelf-agent.service.d/gpio.conf"
    fi
fi
[ "$resolver" = no ] || service resolver shelf-resolver
systemd daemon-reload
udev
restart
say "done: $(basename "$(readlink "$opt/current")")"
if [ ! -e "$etc/store.toml" ]; then
    say "next: write $etc/store.toml, then systemctl enable --now $(services | tr '\n' ' ')"
fi
