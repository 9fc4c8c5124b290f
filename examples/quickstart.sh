#!/usr/bin/env bash
# From nothing to a login: installs what is missing, builds, makes a demo account, starts a gateway in Python and one in
# Lua, logs in at both with curl, shows who was seen, and shows a wrong password refused.
#
#   examples/quickstart.sh [--serve]     --serve leaves the gateways running, for a browser, until Ctrl-C
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
gateways=()
clean_up() {
    [ ${#gateways[@]} -eq 0 ] || kill "${gateways[@]}" 2>/dev/null || true
    wait
    rm -rf "$demo"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

say() {
    printf '\n== %s\n' "$*"
}

say "Installing what is missing"
"$root/tests/support/setup.sh" build try

say "Building into build/release"
built() {
    [ -f "$build/build.ninja" ] || cmake -S "$root" --preset release || return 1
    cmake --build "$build" --target sspi sspi-accounts sspi_python sspi_python_package sspi_lua54
}
built >"$demo/build.log" 2>&1 || {
    tail -n 40 "$demo/build.log"
    echo "quickstart: the build failed, see above" >&2
    exit 1
}
echo "done: $build"

# The scripts' modules, where the build left them; what is installed needs none of this.
export PYTHONPATH=$build/python
export LUA_PATH_5_4="$root/lua/?.lua;;"
export LUA_CPATH_5_4="$build/lua/5.4/?.so;;"
python=/usr/bin/python3
[ -x "$python" ] || python=python3

say "Making a demo account"
store=$demo/accounts.db
user='EXAMPLE\alice'
password=demo-$(od -An -N6 -tx1 /dev/urandom | tr -d ' \n')
printf '%s\n' "$password" | "$build/core/tools/sspi-accounts" --store "$store" --password-stdin add "$user"
"$build/core/tools/sspi-accounts" --store "$store" list

# gateway_start NAME COMMAND...: starts one on a free port of the loopback address and sets `url`.
gateway_start() {
    local name=$1
    shift
    "$@" --accounts "$store" --domain EXAMPLE --port 0 >"$demo/$name.log" 2>&1 &
    gateways+=($!)
    for _ in $(seq 100); do
        url=$(sed -n 's/.*listening on \(http:[^ ]*\).*/\1/p' "$demo/$name.log")
        [ -z "$url" ] || return 0
        kill -0 $! 2>/dev/null || break
        sleep 0.1
    done
    echo "quickstart: the $name gateway did not start:" >&2
    cat "$demo/$name.log" >&2
    return 1
}

# page_get URL PASSWORD: the page and, on a line of its own, the status. The password goes in by a file of options.
page_get() {
    printf 'user = "%s:%s"\n' "${user/\\/\\\\}" "$2" |
        curl --silent --show-error --max-time 20 --ntlm --config - --header 'Accept: application/json' \
            --write-out '\n%{http_code}\n' "$1"
}

wrong=0
expect() {
    if [ "$1" = "$2" ]; then
        echo "   as it should be: $3"
    else
        echo "   WRONG: $3, but the status was $2" >&2
        wrong=1
    fi
}

try_gateway() {
    local name=$1 answer
    say "Logging in at the $name gateway, $url"
    echo "\$ curl --ntlm --user '$user' $url"
    answer=$(page_get "$url" "$password")
    head -n -1 <<<"$answer"
    expect 200 "$(tail -n 1 <<<"$answer")" "$user is known"
    grep -qF '"name": "EXAMPLE' <<<"$answer" || wrong=1
    echo "\$ curl --ntlm --user '$user' $url      # with a wrong password"
    answer=$(page_get "$url" "not-$password")
    expect 401 "$(tail -n 1 <<<"$answer")" "a wrong password is refused (401)"
    echo "What the operator reads:"
    grep -E 'login |refused ' "$demo/$name.log" | sed 's/^/   /'
}

gateway_start Python "$python" "$root/examples/python/gateway.py"
python_url=$url
gateway_start Lua lua5.4 "$root/examples/lua/gateway.lua"
lua_url=$url
url=$python_url
try_gateway Python
url=$lua_url
try_gateway Lua

if [ $wrong -ne 0 ]; then
    echo "quickstart: something is not as it should be, see above" >&2
    exit 1
fi

if [ $serve = yes ]; then
    say "Serving until Ctrl-C"
    echo "Python gateway: $python_url"
    echo "Lua gateway:    $lua_url"
    echo "user:           $user"
    echo "password:       $password"
    wait -n "${gateways[@]}" || true
    exit 0
fi

say "How to go on"
cat <<HINTS
examples/quickstart.sh --serve                  leaves the gateways running, for a browser
examples/python/gateway.py --help               the gateway by itself; examples/lua/gateway.lua likewise
build/release/core/tools/sspi-accounts --help   accounts of your own
cmake --build build/release && cmake --install build/release --prefix P
                                                headers, library, tools and modules
README.md                                       the same in C, Python and Lua
HINTS
