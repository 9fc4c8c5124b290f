#!/usr/bin/env bash
# examples/quickstart.sh as a user runs it: once to its end, then with --serve, using what it prints, and ended by Ctrl-C.
# Neither may leave a process or a folder behind.
set -uo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
export TMPDIR=$scratch/tmp # where quickstart.sh makes its folder
mkdir "$TMPDIR"
passed=0 failed=0

check() {
    local what=$1
    shift
    if "$@"; then
        passed=$((passed + 1))
        echo "ok: $what"
    else
        failed=$((failed + 1))
        echo "NOT OK: $what"
    fi
}

nothing_left() {
    local left
    left=$(ls -A "$TMPDIR"; pgrep -af -- "$TMPDIR/")
    [ -z "$left" ] || { echo "$left"; return 1; }
}

lines_of() {
    [ "$(grep -c -e "$1" "$scratch/output")" -eq "$2" ] || { echo "not $2 lines of '$1'"; return 1; }
}

# ---- to its end ----

timeout -k 10 600 "$root/examples/quickstart.sh" 2>&1 | tee "$scratch/output"
check "it runs to its end" [ "${PIPESTATUS[0]}" -eq 0 ]
check "NTLM logins" lines_of 'seen as EXAMPLE\\alice, by NTLM' 5
check "logins without channel bindings" lines_of 'without channel bindings is refused' 1
check "Kerberos logins" lines_of 'seen as alice@EXAMPLE.TEST, by Kerberos' 2
check "wrong passwords" lines_of 'a wrong password is refused' 2
check "echo clients" lines_of 'signed, then sealed, both ways' 3
check "the gateways' words on NTLM inside Negotiate" lines_of 'by NTLMv2 .*chosen by Negotiate' 2
check "nothing is left of it" nothing_left

# ---- serving ----

serving_for() {
    for _ in $(seq "$1"); do
        ! grep -q 'trusted-uris' "$scratch/output" || return 0
        kill -0 "$server" 2>/dev/null || break
        sleep 0.2
    done
    cat "$scratch/output"
    return 1
}

printed() {
    sed -n "s/^$1 *//p" "$scratch/output"
}

# In a new shell, by what was printed and nothing else.
log_in_by_ticket() {
    (
        eval "$(sed -n 's/^ *\(export KRB5_CONFIG.*\)/\1/p' "$scratch/output")"
        printed 'password:' >"$scratch/password"
        kinit --password-file="$scratch/password" alice@EXAMPLE.TEST || exit 1
        for url in "$(printed 'Python gateway:')" "$(printed 'Lua gateway:')"; do
            curl -s --noproxy '*' --negotiate -u : -H 'Accept: application/json' "$url" >"$scratch/page" || exit 1
            grep -q '"name": "alice@EXAMPLE.TEST"' "$scratch/page" || exit 1
        done
    )
}

log_in_by_password() {
    local user
    user=$(printed 'user:' | sed 's/,.*//')
    curl -s --noproxy '*' --ntlm -u "$user:$(printed 'password:')" -H 'Accept: application/json' \
        "$(printed 'Python gateway:')" | grep -qF '"name": "EXAMPLE\\alice"'
}

end_by() {
    kill -s "$1" "$server"
    wait "$server"
    [ $? -eq 130 ]
}

# A background process of a script ignores Ctrl-C, so it is started by one that does not.
for signal in INT TERM; do
    : >"$scratch/output"
    python3 -c 'import os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)
os.execv(sys.argv[1], sys.argv[1:])' "$root/examples/quickstart.sh" --serve >"$scratch/output" 2>&1 &
    server=$!
    check "it serves" serving_for 300
    check "a login by a ticket, as it says" log_in_by_ticket
    check "a login by its password" log_in_by_password
    check "SIG$signal ends it" end_by "$signal"
    check "nothing is left of what served" nothing_left
done

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
