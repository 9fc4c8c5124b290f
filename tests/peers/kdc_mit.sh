#!/bin/sh
# kdc.sh with MIT's KDC: the same realm, principals and keytabs. krb5-kdc cannot be installed beside heimdal-clients, so
# tests/support/setup.sh unpacks it into build/peers.
#
#   kdc_mit.sh start FOLDER   makes realm EXAMPLE.TEST in FOLDER and starts the KDC; prints the environment for its clients
#   kdc_mit.sh stop FOLDER    stops it
set -eu

here=$(cd "$(dirname "$0")" && pwd)
unpacked=${SSPI_UNPACKED:-$here/../../build/peers}
realm=EXAMPLE.TEST
password=Correct-Horse-1
types="aes256-cts-hmac-sha1-96 aes128-cts-hmac-sha1-96 aes256-cts-hmac-sha384-192 aes128-cts-hmac-sha256-128
    arcfour-hmac-md5"

fail() {
    echo "kdc_mit.sh: $*" >&2
    exit 1
}

free_port() {
    python3 -c 'import socket
s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

configure() {
    cat > "$folder/krb5.conf" << CONF
[libdefaults]
    default_realm = $realm
    dns_lookup_kdc = false
    dns_lookup_realm = false
    dns_canonicalize_hostname = false
    rdns = false
    forwardable = true
    allow_rc4 = true
    kdc_timeout = 3
    max_retries = 1
    default_cc_name = FILE:$folder/cache
[realms]
    $realm = {
        kdc = 127.0.0.1:$1
    }
[domain_realm]
    .example.test = $realm
    localhost = $realm
CONF
    cat > "$folder/kdc.conf" << CONF
[realms]
    $realm = {
        database_name = $folder/principal
        key_stash_file = $folder/stash
        acl_file = /dev/null
        kdc_listen = 127.0.0.1:$1
        kdc_tcp_listen = 127.0.0.1:$1
        max_life = 10d
        supported_enctypes = $(for type in $types; do printf '%s:normal ' "$type"; done)
        default_principal_flags = +preauth
    }
[dbmodules]
    db_module_dir = $(echo "$unpacked"/usr/lib/*/krb5/plugins/kdb)
[logging]
    kdc = FILE:$folder/kdc.log
CONF
    export KRB5_CONFIG="$folder/krb5.conf" KRB5_KDC_PROFILE="$folder/kdc.conf"
}

services() {
    for service in HTTP host svc; do echo "$service/server.example.test"; done
}

kadmin() {
    "$unpacked/usr/sbin/kadmin.local" -r "$realm" > "$folder/kadmin.log" 2>&1
    ! grep -iv -e '^Authenticating' -e '^kadmin.local:  *$' "$folder/kadmin.log" | grep -i -e 'error' -e ' while ' -e 'unknown' \
        || fail "$(cat "$folder/kadmin.log")"
}

populate() {
    {
        for user in alice bob; do echo "add_principal -pw $password $user"; done
        for service in $(services) ldap/localhost imap/localhost smtp/localhost; do
            echo "add_principal -randkey $service"
        done
        for service in $(services); do echo "ktadd -norandkey -k $folder/all.keytab $service"; done
        for type in $types; do
            echo "add_principal -randkey -e $type:normal $type/server.example.test"
            echo "set_string $type/server.example.test session_enctypes $type"
            echo "ktadd -norandkey -k $folder/all.keytab $type/server.example.test"
        done
        echo "modify_principal +ok_as_delegate HTTP/server.example.test"
        echo "ktadd -norandkey -k $folder/http.keytab HTTP/server.example.test"
        echo "ktadd -norandkey -k $folder/bob.keytab bob"
        echo "ktadd -norandkey -k $folder/sasl.keytab ldap/localhost imap/localhost smtp/localhost"
    } | kadmin
}

wait_until_up() {
    for _ in $(seq 50); do
        python3 -c "import socket; socket.create_connection(('127.0.0.1', $1), 1)" 2> /dev/null && return
        sleep 0.1
    done
    fail "the KDC does not answer: $(cat "$folder/kdc.out")"
}

start() {
    [ -x "$unpacked/usr/sbin/krb5kdc" ] || fail "no MIT KDC in $unpacked: run tests/support/setup.sh"
    mkdir -p "$folder"
    chmod 700 "$folder"
    port=$(free_port)
    configure "$port"
    "$unpacked/usr/sbin/kdb5_util" -r "$realm" create -s -P "$password" > "$folder/kdb5_util.log" 2>&1 \
        || fail "$(cat "$folder/kdb5_util.log")"
    populate
    "$unpacked/usr/sbin/krb5kdc" -n -r "$realm" > "$folder/kdc.out" 2>&1 < /dev/null &
    echo $! > "$folder/pid"
    wait_until_up "$port"
    echo "KRB5_CONFIG=$folder/krb5.conf"
}

stop() {
    [ -f "$folder/pid" ] || return 0
    kill "$(cat "$folder/pid")" 2> /dev/null || true
    rm -f "$folder/pid"
}

[ $# -eq 2 ] || fail "usage: kdc_mit.sh start|stop FOLDER"
folder=$2
case $1 in
    start) start ;;
    stop) stop ;;
    *) fail "usage: kdc_mit.sh start|stop FOLDER" ;;
esac
