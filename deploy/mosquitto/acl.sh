#!/bin/sh
# Print the rights of a store for mosquitto's dynamic-security plugin: each client writes only what is its own and reads
# only what it needs; everything else is refused, a subscription as well as a publish.
#   acl.sh STORE --agent ID... [--door ID...] [--sensor ID...] [--operator ID...] [--home-assistant ID]
# Users are the names in the certificates: shelf-STORE-ID, and shelf-STORE-resolver. After a change: restart mosquitto.
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
agents="" doors="" sensors="" operators="" home="" all=" resolver "
kind=""
for word in "$@"; do
    case $word in
        --agent|--door|--sensor|--operator|--home-assistant) kind=${word#--}; continue ;;
    esac
    is_id "$word" || fail "'$word' is no id: lower case letters, digits, - and _, at most 32"
    case $all in *" $word "*) fail "'$word' is named twice; each client has an id of its own" ;; esac
    all="$all$word "
    case $kind in
        agent) agents="$agents $word" ;;
        door) doors="$doors $word" ;;
        sensor) sensors="$sensors $word" ;;
        operator) operators="$operators $word" ;;
        home-assistant) [ -z "$home" ] || fail "'$word': one Home Assistant a store"; home=$word ;;
        *) fail "'$word' stands behind no flag; say --agent $word" ;;
    esac
done
[ -n "$agents" ] || fail "name an agent: --agent ID"

# Nothing in it needs escaping: is_id lets no quote and no backslash through.
comma=""
rule() { printf '%s\n    {"acltype":"%s","topic":"%s","allow":true}' "$comma" "$1" "$2"; comma=","; }
writes() { for topic in "$@"; do rule publishClientSend "$topic"; done; }
reads() { for topic in "$@"; do rule subscribePattern "$topic"; rule publishClientReceive "$topic"; done; }
role() { printf '%s\n  {"rolename":"%s","acls":[' "$next" "shelf-$store-$1"; comma="" next=" ]},"; }
of_all() { for topic in "$@"; do reads "$base/agents/+/$topic"; done; }

cat <<END
{"defaultACLAccess":{"publishClientSend":false,"publishClientReceive":false,"subscribe":false,"unsubscribe":true},
 "roles":[
END
next=""
for agent in $agents; do
    own="$base/agents/$agent"
    role "$agent"
    writes "$own/events" "$own/watermark" "$own/plates/+" "$own/replies" "$own/status"
    reads "$own/status" # an agent reads its own status to know that it is alone
    reads "$own/commands"
    [ -z "$home" ] || writes "homeassistant/device/shelf-$store-$agent/config"
done
role resolver
of_all events watermark status plates/+ replies
writes "$base/agents/+/commands"
reads "$base/sessions" "$base/presence"
writes "$base/baskets/+" "$base/receipts"
for door in $doors; do role "$door"; writes "$base/sessions"; done
for sensor in $sensors; do role "$sensor"; writes "$base/presence"; done
for operator in $operators; do
    role "$operator"
    of_all events status plates/+ replies
    writes "$base/agents/+/commands"
done
if [ -n "$home" ]; then
    role "$home"
    of_all events status plates/+
    reads "homeassistant/#"
    writes homeassistant/status # its birth and will
fi
printf ' ]}\n ],\n "clients":['
comma=""
for name in $all; do
    printf '%s\n  {"username":"%s","roles":[{"rolename":"%s"}]}' "$comma" "shelf-$store-$name" "shelf-$store-$name"
    comma=","
done
printf '\n ]}\n'
