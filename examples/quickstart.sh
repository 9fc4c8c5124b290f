#!/usr/bin/env bash
# From nothing to a login: installs what is missing, builds, makes a demo account and a private Kerberos realm, starts a
# gateway in Python and one in Lua, logs in at both with curl, by NTLM and by Kerberos, then over TLS by Schannel, then with
# the echo programs over a plain socket. Shows each time who was seen and by which package, and what is refused.
#
#   examples/quickstart.sh [--serve]     --serve leaves it all running, for a browser, until Ctrl-C
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
build=$root/build/release
serve=no
case ${1:-} in
    '') ;;
    --serve) serve=yes ;;
    *)
        echo "usage: examples/quickstart.sh [--serve]" >&2
        exit 2
        ;;
esac

demo=$(mktemp -d)
realm=$demo/realm
servers=()
clean_up() {
    [ ${#servers[@]} -eq 0 ] || kill "${servers[@]}" 2>/dev/null || true
    "$root/tests/peers/kdc.sh" stop "$realm"
    wait
    rm -rf "$demo"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

say() {
    printf '\n== %s\n' "$*"
}

# run WHAT COMMAND...: quietly; where it fails, its output and the end.
run() {
    local what=$1
    shift
    "$@" >"$demo/output" 2>&1 || {
        tail -n 40 "$demo/output" >&2
        echo "quickstart: $what failed, see above" >&2
        exit 1
    }
}

say "Installing what is missing"
"$root/tests/support/setup.sh" build try

say "Building into build/release"
built() {
    [ -f "$build/build.ninja" ] || cmake -S "$root" --preset release || return 1
    cmake --build "$build" --target sspi sspi-accounts sspi_python sspi_python_package sspi_lua54
    for end in server client; do
        cc -o "$demo/echo_$end" "$root/examples/c/echo_$end.c" "$root/examples/c/echo.c" -I "$root/core/include" \
            -L "$build/core" -Wl,-rpath,"$build/core" -lsspi
    done
}
run "the build" built
echo "done: $build"

# The scripts' modules, where the build left them; what is installed needs none of this.
export PYTHONPATH=$build/python
export LUA_PATH_5_4="$root/lua/?.lua;;"
export LUA_CPATH_5_4="$build/lua/5.4/?.so;;"
python=/usr/bin/python3
[ -x "$python" ] || python=python3

say "Making a demo account for NTLM"
store=$demo/accounts.db
user='EXAMPLE\alice'
password=demo-$(od -An -N6 -tx1 /dev/urandom | tr -d ' \n')
printf '%s\n' "$password" | "$build/core/tools/sspi-accounts" --store "$store" --password-stdin add "$user"
"$build/core/tools/sspi-accounts" --store "$store" list

say "Starting a private Kerberos realm, EXAMPLE.TEST, with alice in it and two services"
export KDC_PASSWORD=$password
run "the KDC" "$root/tests/peers/kdc.sh" start "$realm" HTTP/localhost echo/localhost
unset KDC_PASSWORD
# Nothing of this machine's own Kerberos, sspi.conf or replay cache is looked at.
export KRB5_CONFIG=$realm/krb5.conf KRB5CCNAME=FILE:$realm/cache SSPI_CONFIG=$demo/sspi.conf
printf '[sspi]\n    replay_cache = %s\n' "$demo/replay" >"$SSPI_CONFIG"
(umask 077 && printf '%s' "$password" >"$demo/password" && printf 'EXAMPLE:alice:%s\n' "$password" >"$demo/ntlm_users")
echo "\$ kinit alice@EXAMPLE.TEST"
run "kinit" kinit --password-file="$demo/password" alice@EXAMPLE.TEST
echo "keytabs: HTTP.keytab for the gateways, echo.keytab for the echo servers"

# server_start NAME COMMAND...: starts a server that chooses a free port of the loopback address, and sets `port`.
server_start() {
    local name=$1
    shift
    : >"$demo/$name.log" # before anybody reads it
    "$@" >"$demo/$name.log" 2>&1 &
    servers+=($!)
    for _ in $(seq 100); do
        port=$(sed -n 's/.*listening on .*127\.0\.0\.1:\([0-9]*\).*/\1/p' "$demo/$name.log")
        [ -z "$port" ] || return 0
        kill -0 $! 2>/dev/null || break
        sleep 0.1
    done
    echo "quickstart: the $name did not start:" >&2
    cat "$demo/$name.log" >&2
    return 1
}

gateway_start() {
    local name=$1
    shift
    server_start "$name" "$@" --scheme Negotiate,NTLM --accounts "$store" --domain EXAMPLE --keytab "$realm/HTTP.keytab" --port 0
    url=$(sed -n 's,.*listening on \(http[s]*\)://.*,\1,p' "$demo/$name.log")://localhost:$port/
}

wrong=0
expect() {
    if [ "$1" = "$2" ]; then
        echo "   as it should be: $3"
    else
        echo "   WRONG: expected $3: $1, but it was: $2" >&2
        wrong=1
    fi
}

# page_get OPTION...: the page of `url` and, on a line of its own, the status.
page_get() {
    curl --silent --show-error --noproxy '*' --max-time 20 --header 'Accept: application/json' \
        --write-out '\n%{http_code}\n' "$@" "$url"
}

# A user and password for curl's --config -, which keeps them off the command line.
login_of() {
    printf 'user = "%s:%s"\n' "${user/\\/\\\\}" "$1"
}

# seen WHO PACKAGE: in the page in `answer`.
seen() {
    local name package
    name=$(sed -n 's/^ *"name": "\(.*\)",$/\1/p' <<<"$answer")
    package=$(sed -n 's/^ *"package": "\(.*\)",$/\1/p' <<<"$answer")
    expect "$1 by $2" "${name/\\\\/\\} by $package" "seen as $1, by $2"
}

try_gateway() {
    local name=$1 answer
    say "Logging in at the $name gateway, $url"
    echo "\$ curl --ntlm --user '$user' $url"
    answer=$(login_of "$password" | page_get --ntlm --config -)
    seen "$user" NTLM
    echo "\$ curl --negotiate --user : $url      # with the ticket"
    answer=$(page_get --negotiate --user :)
    seen alice@EXAMPLE.TEST Kerberos
    echo "\$ curl --negotiate --user : $url      # without a ticket: NTLM inside Negotiate, by gss-ntlmssp"
    answer=$(KRB5CCNAME=FILE:$demo/none NTLM_USER_FILE=$demo/ntlm_users page_get --negotiate --user :)
    seen "$user" NTLM
    echo "\$ curl --ntlm --user '$user' $url      # with a wrong password"
    answer=$(login_of "not-$password" | page_get --ntlm --config -)
    expect 401 "$(tail -n 1 <<<"$answer")" "a wrong password is refused (401)"
    echo "What the operator reads:"
    grep -E 'login |refused ' "$demo/$name.log" | sed 's/^/   /'
}

# TLS by Schannel. A login over it carries the channel's bindings, so that nobody in between can pass it on elsewhere;
# this curl knows nothing of them.
try_tls() {
    local answer
    say "HTTPS by Schannel, $url, where clients without channel bindings are let in"
    echo "\$ curl --cacert ca.pem --ntlm --user '$user' $url"
    answer=$(login_of "$password" | page_get --cacert "$demo/ca.pem" --ntlm --config -)
    seen "$user" NTLM
    gateway_start "Lua (HTTPS)" lua5.4 "$root/examples/lua/gateway.lua" --certificate "$demo/localhost.pem"
    say "The same, where every login must be tied to its TLS channel: $url"
    echo "\$ curl --cacert ca.pem --ntlm --user '$user' $url"
    answer=$(login_of "$password" | page_get --cacert "$demo/ca.pem" --ntlm --config -)
    expect 401 "$(tail -n 1 <<<"$answer")" "a login without channel bindings is refused (401)"
    echo "What the operator reads:"
    grep -E 'refused ' "$demo/Lua (HTTPS).log" | sed 's/^/   /'
}

# try_echo NAME COMMAND...: a client at the echo server on `port`.
try_echo() {
    local name=$1 answer
    shift
    echo "\$ $name 127.0.0.1 $port echo/localhost"
    answer=$(echo hello | "$@" 127.0.0.1 "$port" echo/localhost 2>&1) || true
    echo "   ${answer//$'\n'/$'\n'   }"
    expect "You are alice@EXAMPLE.TEST hello" "${answer/$'\n'/ }" "signed, then sealed, both ways"
}

gateway_start Python "$python" "$root/examples/python/gateway.py"
python_url=$url
gateway_start Lua lua5.4 "$root/examples/lua/gateway.lua"
lua_url=$url
url=$python_url
try_gateway Python
url=$lua_url
try_gateway Lua

run "the certificate" "$root/tests/support/authority.sh" "$demo" localhost
gateway_start "Python (HTTPS)" "$python" "$root/examples/python/gateway.py" --certificate "$demo/localhost.pem" \
    --allow-missing-bindings
https_url=$url
try_tls

say "Kerberos over a plain socket: the server in C, clients in C, Python and Lua"
server_start echo_server env KRB5_KTNAME="$realm/echo.keytab" "$demo/echo_server" 0 Kerberos
try_echo echo_client "$demo/echo_client"
try_echo echo_client.py "$python" "$root/examples/python/echo_client.py"
try_echo echo_client.lua lua5.4 "$root/examples/lua/echo_client.lua"

if [ $wrong -ne 0 ]; then
    echo "quickstart: something is not as it should be, see above" >&2
    exit 1
fi

if [ $serve = yes ]; then
    say "Serving until Ctrl-C"
    cat <<SERVING
Python gateway: $python_url
Lua gateway:    $lua_url
HTTPS gateway:  $https_url, its authority is $demo/ca.pem
echo server:    127.0.0.1, port $port, service echo/localhost
user:           $user, in the realm alice@EXAMPLE.TEST
password:       $password

With a password, any browser logs in by NTLM. With a ticket, in another terminal:

    export KRB5_CONFIG=$KRB5_CONFIG KRB5CCNAME=$KRB5CCNAME
    kinit alice@EXAMPLE.TEST
    curl --negotiate --user : $python_url
    chromium --auth-server-allowlist=localhost $python_url
    firefox, from the same terminal: about:config, network.negotiate-auth.trusted-uris = localhost
SERVING
    wait -n "${servers[@]}" || true
    exit 0
fi

say "How to go on"
cat <<HINTS
examples/quickstart.sh --serve                  leaves it all running, for a browser
examples/python/gateway.py --help               the gateway by itself; examples/lua/gateway.lua likewise
build/release/core/tools/sspi-accounts --help   accounts of your own
cmake --build build/release && cmake --install build/release --prefix P
                                                headers, library, tools and modules
README.md                                       the same in C, Python and Lua
HINTS
