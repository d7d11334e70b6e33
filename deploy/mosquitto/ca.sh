#!/bin/sh
# A store's own certificate authority. Keep DIR on a machine that is not in the shop; ca.key opens everything.
#   ca.sh DIR init STORE              the authority
#   ca.sh DIR broker HOST [HOST|IP..] certificate of the broker, for the names by which it is reached
#   ca.sh DIR client NAME             of a client: shelf-STORE-AGENT, shelf-STORE-resolver, shelf-STORE-DOOR ...
#   ca.sh DIR revoke NAME             no longer let in (copy ca.crl to the broker, then reload it)
# What is there is never overwritten. Certificates end after 825 days; make them anew after `revoke`.
set -eu
umask 077
fail() { echo "ca.sh: $1" >&2; exit 2; }
usage() { sed -n '2,8s/^# \{0,1\}//p' "$0" >&2; exit 2; }

[ $# -ge 2 ] || usage
command -v openssl >/dev/null || fail "openssl is missing: apt-get install openssl"
dir=$1; what=$2; shift 2
days_ca=7300 days=825
conf="$dir/ca.cnf"

known() { [ -f "$dir/ca.crt" ] || fail "no authority in $dir; make it: ca.sh $dir init STORE"; }
name_ok() {
    case $1 in ''|[._-]*|*[!ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._:-]*) fail "'$1' is no name" ;; esac
    [ ${#1} -le 64 ] || fail "'$1' is too long, at most 64"
}
crl() { openssl ca -config "$conf" -gencrl -out "$dir/ca.crl" 2>/dev/null; chmod 644 "$dir/ca.crl"; }
sign() { # NAME EXTENSIONS
    [ ! -e "$dir/$1.crt" ] || fail "$dir/$1.crt is there already; revoke it first, or take another name"
    openssl ecparam -name prime256v1 -genkey -noout -out "$dir/$1.key"
    openssl req -new -config "$conf" -key "$dir/$1.key" -subj "/CN=$1" -out "$dir/$1.csr"
    printf '%s\n' "basicConstraints=critical,CA:false" "keyUsage=critical,digitalSignature" \
        "subjectKeyIdentifier=hash" "authorityKeyIdentifier=keyid" "$2" >"$dir/$1.ext"
    openssl ca -config "$conf" -batch -notext -days "$days" -extfile "$dir/$1.ext" -in "$dir/$1.csr" \
        -out "$dir/$1.crt" 2>"$dir/$1.log" || { cat "$dir/$1.log" >&2; fail "openssl signs $1 not"; }
    rm -f "$dir/$1.csr" "$dir/$1.ext" "$dir/$1.log"
    chmod 644 "$dir/$1.crt"
    echo "$dir/$1.crt $dir/$1.key"
}

case $what in
    init)
        [ $# -eq 1 ] || usage
        name_ok "$1"
        [ ! -e "$dir/ca.key" ] || fail "$dir holds an authority already"
        mkdir -p "$dir/issued"
        : >"$dir/index.txt"
        echo 1000 >"$dir/crlnumber"
        cat >"$conf" <<END
[ca]
default_ca = store
[store]
database = $dir/index.txt
new_certs_dir = $dir/issued
certificate = $dir/ca.crt
private_key = $dir/ca.key
crlnumber = $dir/crlnumber
rand_serial = yes
default_md = sha256
default_crl_days = 3650
policy = any
unique_subject = no
[any]
commonName = supplied
[req]
distinguished_name = name
[name]
END
        openssl ecparam -name prime256v1 -genkey -noout -out "$dir/ca.key"
        openssl req -x509 -new -config "$conf" -key "$dir/ca.key" -days "$days_ca" -subj "/CN=shelf store $1" \
            -addext "basicConstraints=critical,CA:true,pathlen:0" -addext "keyUsage=critical,keyCertSign,cRLSign" \
            -addext "subjectKeyIdentifier=hash" -out "$dir/ca.crt"
        chmod 644 "$dir/ca.crt"
        crl
        echo "$dir/ca.crt $dir/ca.crl"
        ;;
    broker)
        [ $# -ge 1 ] || usage
        known
        names=""
        for host in "$@"; do
            name_ok "$host"
            case $host in
                *:*) kind=IP ;;
                *[!0-9.]*) kind=DNS ;;
                *) kind=IP ;;
            esac
            names="$names,$kind:$host"
        done
        sign broker "extendedKeyUsage=serverAuth
subjectAltName=${names#,}"
        ;;
    client)
        [ $# -eq 1 ] || usage
        known
        name_ok "$1"
        sign "$1" "extendedKeyUsage=clientAuth"
        ;;
    revoke)
        [ $# -eq 1 ] || usage
        known
        [ -f "$dir/$1.crt" ] || fail "no certificate $dir/$1.crt"
        openssl ca -config "$conf" -revoke "$dir/$1.crt" 2>/dev/null
        crl
        mv "$dir/$1.crt" "$dir/$1.crt.revoked"
        rm -f "$dir/$1.key"
        echo "$dir/ca.crl"
        ;;
    *) usage ;;
esac
