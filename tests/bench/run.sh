#!/usr/bin/env bash
# Measures the library against its peers, from their Debian packages, and prints one table.
#
#   tests/bench/run.sh [--json FILE] [--rounds N] [--only PART] [--no-setup]
#
# --only runs the programs alone whose name contains PART (limits, ntlm, kerberos, tls, memory, threads), and shows
# the rows that can be made of them.
# Every round runs every program once, so that the machine's drift meets all alike; the table shows medians over the rounds.
# No test: it fails only when something does not run. BENCH_BUILD (default build/bench) is the build folder.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
build=${BENCH_BUILD:-$root/build/bench}
rounds=5
json=()
setup=yes
only=
while [ $# -gt 0 ]; do
    case $1 in
    --json) json=(--json "${2:?--json needs a file}"); shift ;;
    --rounds) rounds=${2:?--rounds needs a number}; shift ;;
    --only) only=${2:?--only needs a part of a name}; shift ;;
    --no-setup) setup=no ;;
    *) sed -n '2,9s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; exit 2 ;;
    esac
    shift
done

[ "$setup" = no ] || "$root/tests/support/setup.sh" build bench
cmake -G Ninja -S "$root" -B "$build" -DCMAKE_BUILD_TYPE=Release -DSSPI_BUILD_BENCH=ON >/dev/null
ninja -C "$build" bench >/dev/null || { ninja -C "$build" bench; exit 1; }

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
bin=$build/tests/bench
printf '%s\n' 'TESTDOM\testuser:1000:AAD3B435B51404EEAAD3B435B51404EE:7100A909C7FF05B266AF3C42EC058C33:[U          ]:LCT-00000000' \
    >"$work/accounts.gss"

"$build/tests/bin/kerberos_realm" "$work"
export KRB5_CONFIG=$work/krb5.conf KRB5_KTNAME=FILE:$work/http.keytab

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj /CN=server.example.test \
    -addext subjectAltName=DNS:server.example.test -keyout "$work/key.pem" -out "$work/tls.pem" 2>/dev/null
cat "$work/key.pem" >>"$work/tls.pem"

# gss-ntlmssp asks a winbindd first, where one could be; without /run/samba it cannot.
without_winbind() {
    if [ -e /run/samba ] && [ "$(id -u)" -eq 0 ]; then
        unshare -m sh -c 'mount -t tmpfs none /run/samba && exec "$@"' sh "$@"
    else
        "$@"
    fi
}

# measure OUTPUT COMMAND...: one program, unless it was not built or is not asked for.
measure() {
    local output=$1 word
    shift
    [[ $(basename "$output") == *"$only"* ]] || return 0
    for word in "$@"; do
        [[ $word != "$bin"/* ]] || [ -x "$word" ] || return 0
    done
    "$@" >"$output"
}

# programs WRAPPER FOLDER: those that run under callgrind too.
programs() {
    local wrapper=$1 to=$2
    measure "$to/limits" "$wrapper" "$bin/bench_limits"
    measure "$to/ntlm_sspi" "$wrapper" "$bin/bench_ntlm_sspi" "$work"
    measure "$to/ntlm_winpr" "$wrapper" "$bin/bench_ntlm_winpr" "$work"
    NTLM_USER_FILE=$work/accounts.gss measure "$to/ntlm_gss" without_winbind "$wrapper" "$bin/bench_ntlm_gss"
    rm -f "$work"/*replay "$work"/*rcache2 # a replay cache that fills up becomes slower
    for library in sspi mit heimdal; do
        measure "$to/kerberos_$library" "$wrapper" "$bin/bench_kerberos_$library" "$work"
    done
    for library in sspi openssl gnutls; do
        measure "$to/tls_$library" "$wrapper" "$bin/bench_tls_$library" "$work"
    done
}

# What scripts add: each beside the same work in C, in the same round, with the account file of ntlm_sspi.
layers() {
    local to=$1
    if [ -d "$build/python" ]; then
        PYTHONPATH=$build/python measure "$to/layer_python" \
            "${BENCH_PYTHON:-/usr/bin/python3}" "$here/layer_python.py" "$work"
    fi
    if [ -d "$build/lua/5.4" ]; then
        LUA_CPATH="$build/lua/5.4/?.so;;" LUA_PATH="$root/lua/?.lua;;" \
            measure "$to/layer_lua" lua5.4 "$here/layer_lua.lua" "$work"
    fi
}

for round in $(seq "$rounds"); do
    printf '\rround %s of %s ' "$round" "$rounds" >&2
    mkdir "$work/round-$round"
    programs env "$work/round-$round"
    measure "$work/round-$round/memory_sspi" "$bin/bench_memory_sspi" "$work"
    measure "$work/round-$round/threads_sspi" "$bin/bench_threads_sspi" "$work"
    TLS_RELEASE=1 BENCH_ONLY=memory measure "$work/round-$round/tls_openssl_release" "$bin/bench_tls_openssl" "$work"
    layers "$work/round-$round"
done
printf '\rcounting instructions ' >&2
mkdir "$work/instructions"
programs "$here/count.sh" "$work/instructions"
printf '\r                      \r' >&2
python3 "$here/table.py" "$work" "${json[@]}"
