#!/usr/bin/env bash
# A Samba domain controller in namespaces of its own (network, mounts, host name, processes), with all of its state in a
# folder, and a command run beside it; everything ends with the command. Needs root, and the packages samba-ad-dc and
# samba-ad-provision.
#
#   samba.sh run FOLDER COMMAND ...   makes the domain in FOLDER (which is emptied), starts it, runs the command in it
#   samba.sh possible                 whether this machine can; says why not
#
# The domain is AD.EXAMPLE.TEST (ADEXAMPLE) on dc.ad.example.test, 192.0.2.10; who is in it: samba_populate.py. The
# command sees SAMBA_DOMAIN (the folder) and KRB5_CONFIG. `wbinfo` there asks this domain's winbind.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
realm=AD.EXAMPLE.TEST
address=192.0.2.10
administrator=Correct-Horse-1

fail() {
    echo "samba.sh: $*" >&2
    exit 1
}

possible() {
    local program
    for program in samba samba-tool winbindd wbinfo ip unshare; do
        [ -n "$(type -P "$program")" ] \
            || { echo "$program is missing: apt-get install samba-ad-dc samba-ad-provision winbind iproute2"; return 1; }
    done
    [ -d /usr/share/samba/setup ] || { echo "apt-get install samba-ad-provision"; return 1; }
    [ "$(id -u)" -eq 0 ] || { echo "a domain controller of one's own needs root"; return 1; }
    unshare -n -m -u -p --fork true 2> /dev/null || { echo "this system gives no namespaces (unshare)"; return 1; }
}

# Everything of the outside that Samba would use has its counterpart in the folder.
namespaces_prepare() {
    mount --make-rprivate /
    ip link set lo up
    ip address add "$address/32" dev lo
    hostname dc
    printf '127.0.0.1 localhost\n%s dc.ad.example.test dc web.ad.example.test back.ad.example.test\n' "$address" \
        > "$folder/hosts"
    printf 'search ad.example.test\nnameserver %s\n' "$address" > "$folder/resolv.conf"
    mount --bind "$folder/hosts" /etc/hosts
    mount --bind "$folder/resolv.conf" /etc/resolv.conf
    mkdir -p /run/samba
    mount -t tmpfs none /run/samba
}

kerberos_configure() {
    cat > "$folder/krb5.conf" << CONF
[libdefaults]
    default_realm = $realm
    dns_lookup_kdc = false
    dns_lookup_realm = false
    dns_canonicalize_hostname = false
    rdns = false
    forwardable = true
    kdc_timeout = 5
[realms]
    $realm = {
        kdc = $address
    }
[domain_realm]
    .ad.example.test = $realm
CONF
    export KRB5_CONFIG=$folder/krb5.conf
}

provision() {
    samba-tool domain provision --targetdir="$folder/dc" --realm=$realm --domain=ADEXAMPLE --server-role=dc \
        --adminpass="$administrator" --dns-backend=SAMBA_INTERNAL --host-name=dc --host-ip=$address \
        --option="interfaces = $address/32" --option="bind interfaces only = yes" --option="ldb:nosync = yes" \
        --option="dns forwarder =" > "$folder/provision.log" 2>&1 || fail "$(tail -n 20 "$folder/provision.log")"
    config=$folder/dc/etc/smb.conf
    sed -i "s,log file = .*,log file = $folder/log.%m," "$config"
    mount --bind "$config" /etc/samba/smb.conf
    /usr/bin/python3 "$here/samba_populate.py" "$config" "$folder"
}

up() {
    local port
    wbinfo -p > /dev/null 2>&1 || return 1
    for port in 88 389 445; do
        (: < "/dev/tcp/$address/$port") 2> /dev/null || return 1
    done
}

start() {
    samba -F --no-process-group -s "$config" > "$folder/samba.out" 2>&1 < /dev/null &
    local _
    for _ in $(seq 300); do
        up && return
        sleep 0.2
    done
    fail "the controller did not start: $(tail -n 20 "$folder/samba.out")"
}

inside() {
    namespaces_prepare
    kerberos_configure
    provision
    start
    SAMBA_DOMAIN=$folder "$@"
}

[ $# -ge 1 ] || fail "usage: samba.sh run FOLDER COMMAND ... | possible"
action=$1
shift
case $action in
    possible) possible ;;
    run)
        [ $# -ge 2 ] || fail "usage: samba.sh run FOLDER COMMAND ..."
        possible >&2 || exit 1
        rm -rf "$1"
        mkdir -p "$1"
        # The end of the first process of the namespace ends all others.
        exec unshare -n -m -u -p --fork --kill-child --mount-proc "$here/samba.sh" inside "$(cd "$1" && pwd)" "${@:2}"
        ;;
    inside)
        folder=$1
        shift
        inside "$@"
        ;;
    *) fail "usage: samba.sh run FOLDER COMMAND ... | possible" ;;
esac
