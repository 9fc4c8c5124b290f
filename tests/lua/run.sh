#!/usr/bin/env bash
# The Lua tests, under each version that is installed and was built: busted's specs, then Lua states on many threads.
# SSPI_BUILD is the build folder.
set -uo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
build=${SSPI_BUILD:-$root/build/release}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
failed=0 ran=0

# Keys and tickets of a realm without a KDC; nothing of this machine's own.
export SSPI_TEST_REALM=$scratch/realm KRB5_CONFIG=$scratch/realm/krb5.conf SSPI_REPLAY_CACHE=memory
export KRB5CCNAME=FILE:$scratch/nothing KRB5_KTNAME=$scratch/nothing
mkdir "$SSPI_TEST_REALM"
"$build/tests/bin/kerberos_realm" "$SSPI_TEST_REALM" || failed=1

for version in 5.4 5.3; do
    [ -f "$build/lua/$version/sspi/core.so" ] || continue
    command -v "lua$version" >/dev/null || continue
    unset LUA_PATH_5_4 LUA_PATH_5_3 LUA_CPATH_5_4 LUA_CPATH_5_3
    export LUA_PATH="$root/lua/?.lua;$here/?.lua;;" LUA_CPATH="$build/lua/$version/?.so;;"
    echo "== Lua $version"
    ran=$((ran + 1))
    timeout -k 10 600 busted --lua="lua$version" --output=plainTerminal "$here" || failed=1
    flags=$(pkg-config --cflags --libs "lua$version")
    # shellcheck disable=SC2086
    if cc -O1 -g -Wall -Wextra -Werror "$here/states.c" -o "$scratch/states" $flags -lpthread; then
        timeout -k 10 300 "$scratch/states" 100 || { echo "states: failed"; failed=1; }
    else
        failed=1
    fi
done
if [ $ran = 0 ]; then
    echo "no Lua module was built in $build"
    failed=1
fi
exit $failed
