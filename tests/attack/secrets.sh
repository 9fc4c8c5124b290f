#!/usr/bin/env bash
# Secrets: none stays in memory, none decides a branch. Usage: tests/attack/secrets.sh BUILD (without sanitizers)
set -uo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
bin=${1:?build folder}/tests/bin
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
passed=0 failed=0

# check NAME COMMAND...: green when the command succeeds.
check() {
    local name=$1
    shift
    if "$@" >"$work/log" 2>&1; then
        passed=$((passed + 1))
        echo "ok: $name"
        grep 'copies while' "$work/log"
    else
        failed=$((failed + 1))
        echo "NOT OK: $name"
        tail -n 40 "$work/log"
    fi
}

# Compares without secrets in branches, or with them where that was planted.
branches() {
    valgrind -q --error-exitcode=99 --suppressions="$here/rc4.supp" "$@"
}

# A planted leak must be reported, and as what it is.
planted() {
    branches "$bin/constant_time_compare" --filter constant_time/planted_leak && return 1
    grep -q 'Conditional jump or move depends on uninitialised' "$work/log"
}

check "no secret stays in memory" "$bin/secrets_scan"
check "no secret of Kerberos stays in memory" "$bin/secrets_scan_kerberos"
check "secrets are compared in constant time" branches "$bin/constant_time_compare" --filter constant_time/compare
check "a comparison that is not is noticed" planted
for kind in right_password wrong_password unknown_user; do
    check "no branch on a key: $kind" branches "$bin/constant_time_login" --filter "constant_time/$kind"
done
for part in tickets checksums messages refused_ticket mechlist_mic; do
    check "no branch on a key: $part" branches "$bin/constant_time_kerberos" --filter "constant_time/$part"
done
echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
