#!/bin/sh
# A private Heimdal KDC on a loopback port, in a folder of its own. Needs heimdal-kdc and heimdal-clients, no root.
#
#   kdc.sh start FOLDER [SERVICE ...]   makes realm EXAMPLE.TEST in FOLDER and starts the KDC; prints the environment for
#                                       its clients
#   kdc.sh stop FOLDER                  stops it
#
# With services, such as HTTP/localhost: those alone, each with a keytab (HTTP.keytab), and alice, whose password is KDC_PASSWORD.
#
# Principals: alice, bob (password "Correct-Horse-1"), HTTP/server.example.test, host/server.example.test,
# svc/server.example.test, ldap/localhost, imap/localhost, smtp/localhost, and for each encryption type TYPE/server.example.test with a key of that alone. Keytabs in FOLDER: http.keytab (HTTP alone), all.keytab,
# sasl.keytab (ldap, imap and smtp), bob.keytab.
set -eu

realm=EXAMPLE.TEST
password=${KDC_PASSWORD:-Correct-Horse-1}
types="aes256-cts-hmac-sha1-96 aes128-cts-hmac-sha1-96 aes256-cts-hmac-sha384-192 aes128-cts-hmac-sha256-128
    arcfour-hmac-md5"

fail() {
    echo "kdc.sh: $*" >&2
    exit 1
}

free_port() {
    python3 -c 'import socket
s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

kadmin() {
    kadmin.heimdal -l -c "$folder/kdc.conf" -r "$realm" "$@" > "$folder/kadmin.log" 2>&1 \
        || fail "kadmin $*: $(cat "$folder/kadmin.log")"
}

configure() {
    cat > "$folder/krb5.conf" <<CONF
[libdefaults]
    default_realm = $realm
    dns_lookup_kdc = false
    dns_lookup_realm = false
    dns_canonicalize_hostname = false
    rdns = false
    forwardable = true
    kdc_timeout = 3
    max_retries = 1
    default_cc_name = FILE:$folder/cache
[realms]
    $realm = {
        kdc = tcp/127.0.0.1:$1
        kdc = 127.0.0.1:$1
    }
[domain_realm]
    .example.test = $realm
    localhost = $realm
CONF
    sed 's,tcp/127.0.0.1,127.0.0.1,' "$folder/krb5.conf" > "$folder/krb5-mit.conf"
    cat > "$folder/kdc.conf" <<CONF
[libdefaults]
    default_realm = $realm
[kdc]
    database = {
        dbname = $folder/database
        realm = $realm
        mkey_file = $folder/mkey
        acl_file = /dev/null
        log_file = $folder/kdb.log
    }
    enable-kerberos4 = no
[kadmin]
    default_keys = $(for type in $types; do printf '%s:pw-salt ' "$type"; done)
[logging]
    kdc = 0-/FILE:$folder/kdc.log
CONF
}

populate_for() {
    kadmin add --password="$password" --use-defaults "alice@$realm"
    for service; do
        kadmin add --random-key --use-defaults "$service@$realm"
        kadmin ext_keytab -k "FILE:$folder/${service%%/*}.keytab" "$service@$realm"
    done
}

populate() {
    for user in alice bob; do
        kadmin add --password="$password" --use-defaults "$user@$realm"
    done
    for service in HTTP host svc; do
        kadmin add --random-key --use-defaults "$service/server.example.test@$realm"
        kadmin ext_keytab -k "FILE:$folder/all.keytab" "$service/server.example.test@$realm"
    done
    for service in ldap imap smtp; do
        kadmin add --random-key --use-defaults "$service/localhost@$realm"
        kadmin ext_keytab -k "FILE:$folder/sasl.keytab" "$service/localhost@$realm"
    done
    for type in $types; do
        service=$type/server.example.test@$realm
        kadmin add --random-key --use-defaults "$service"
        # shellcheck disable=SC2046
        kadmin del_enctype "$service" $(echo "$types" | tr ' ' '\n' | grep -x '[a-z].*' | grep -vx "$type")
        kadmin ext_keytab -k "FILE:$folder/all.keytab" "$service"
    done
    kadmin modify --attributes=+ok-as-delegate,+trusted-for-delegation "HTTP/server.example.test@$realm"
    kadmin modify --constrained-delegation="svc/server.example.test@$realm" "HTTP/server.example.test@$realm"
    kadmin ext_keytab -k "FILE:$folder/http.keytab" "HTTP/server.example.test@$realm"
    kadmin ext_keytab -k "FILE:$folder/bob.keytab" "bob@$realm"
}

daemon() {
    for path in /usr/lib/heimdal-servers/kdc /usr/libexec/kdc; do
        [ -x "$path" ] && { echo "$path"; return; }
    done
    fail "no KDC: apt-get install heimdal-kdc heimdal-clients"
}

wait_until_up() {
    for _ in $(seq 50); do
        python3 -c "import socket; socket.create_connection(('127.0.0.1', $1), 1)" 2> /dev/null && return
        sleep 0.1
    done
    fail "the KDC does not answer: $(cat "$folder/kdc.out")"
}

start() {
    program=$(daemon)
    mkdir -p "$folder"
    chmod 700 "$folder"
    port=$(free_port)
    configure "$port"
    kadmin init --realm-max-ticket-life=unlimited --realm-max-renewable-life=unlimited "$realm"
    if [ $# -gt 0 ]; then populate_for "$@"; else populate; fi
    KRB5_CONFIG=$folder/krb5.conf "$program" --config-file="$folder/kdc.conf" --addresses=127.0.0.1 --ports="$port" \
        > "$folder/kdc.out" 2>&1 < /dev/null &
    echo $! > "$folder/pid"
    wait_until_up "$port"
    echo "KRB5_CONFIG=$folder/krb5.conf"
}

stop() {
    [ -f "$folder/pid" ] || return 0
    kill "$(cat "$folder/pid")" 2> /dev/null || true
    rm -f "$folder/pid"
}

[ $# -ge 2 ] || fail "usage: kdc.sh start|stop FOLDER [SERVICE ...]"
command=$1 folder=$2
shift 2
case $command in
    start) start "$@" ;;
    stop) stop ;;
    *) fail "usage: kdc.sh start|stop FOLDER [SERVICE ...]" ;;
esac
