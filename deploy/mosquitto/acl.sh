#!/bin/sh
# Print mosquitto's ACL of a store: each client writes only what is its own and reads only what it needs.
#   acl.sh STORE --agent ID... [--door ID...] [--sensor ID...] [--operator ID...] [--home-assistant ID]
# Users are the names in the certificates: shelf-STORE-ID, and shelf-STORE-resolver.
set -eu
fail() { echo "acl.sh: $1" >&2; exit 2; }
is_id() {
    case $1 in ''|[_-]*|*[!abcdefghijklmnopqrstuvwxyz0123456789_-]*) return 1 ;; esac
    [ ${#1} -le 32 ]
}

[ $# -ge 1 ] || fail "name the store: acl.sh STORE --agent ID..."
store=$1; shift
is_id "$store" || fail "store '$store': lower case letters, digits, - and _, at most 32"
base="shelf/v1/$store"
agents="" doors="" sensors="" operators="" home=""
kind=""
for word in "$@"; do
    case $word in
        --agent|--door|--sensor|--operator|--home-assistant) kind=${word#--}; continue ;;
    esac
    is_id "$word" || fail "'$word' is no id: lower case letters, digits, - and _, at most 32"
    case $kind in
        agent) agents="$agents $word" ;;
        door) doors="$doors $word" ;;
        sensor) sensors="$sensors $word" ;;
        operator) operators="$operators $word" ;;
        home-assistant) home=$word ;;
        *) fail "'$word' stands behind no flag; say --agent $word" ;;
    esac
done
[ -n "$agents" ] || fail "name an agent: --agent ID"

for agent in $agents; do
    own="$base/agents/$agent"
    echo "user shelf-$store-$agent"
    for topic in events watermark plates/+ replies; do echo "topic write $own/$topic"; done
    # An agent reads its own status to know that it is heard.
    echo "topic readwrite $own/status"
    echo "topic read $own/commands"
    [ -z "$home" ] || echo "topic write homeassistant/device/shelf-$store-$agent/config"
    echo
done
echo "user shelf-$store-resolver"
for topic in events watermark status plates/+ replies; do echo "topic read $base/agents/+/$topic"; done
echo "topic write $base/agents/+/commands"
echo "topic read $base/sessions"
echo "topic read $base/presence"
echo "topic write $base/baskets/+"
echo "topic write $base/receipts"
for door in $doors; do printf '\nuser shelf-%s-%s\ntopic write %s/sessions\n' "$store" "$door" "$base"; done
for sensor in $sensors; do printf '\nuser shelf-%s-%s\ntopic write %s/presence\n' "$store" "$sensor" "$base"; done
for operator in $operators; do
    printf '\nuser shelf-%s-%s\n' "$store" "$operator"
    for topic in events status plates/+ replies; do echo "topic read $base/agents/+/$topic"; done
    echo "topic write $base/agents/+/commands"
done
if [ -n "$home" ]; then
    printf '\nuser shelf-%s-%s\n' "$store" "$home"
    for topic in events status plates/+; do echo "topic read $base/agents/+/$topic"; done
    echo "topic read homeassistant/#"
fi
