#!/usr/bin/env bash
# Instructions of a refused login, by callgrind: a wrong password, an unknown user, a disabled and, with lockout on, a
# locked account cost the same, within one in a hundred, or two where a database counts the failures or two domains are
# asked. Usage: tests/attack/timing.sh BUILD (release)
set -uo pipefail

bin=${1:?build folder}/tests/bin
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
passed=0 failed=0

# Instructions of the 200 last legs of one kind.
cost() {
    valgrind -q --tool=callgrind --collect-atstart=no --callgrind-out-file="$work/out" "$bin/login_cost" --filter "$1" \
        >"$work/log" 2>&1 || { cat "$work/log" >&2; echo 0; return; }
    sed -n 's/^\(summary\|totals\): *//p' "$work/out" | head -n 1
}

for store in memory database memory_lockout database_lockout memory_elsewhere; do
    base=0 limit=1
    [[ $store != database_lockout && $store != *_elsewhere ]] || limit=2
    kinds='wrong_password unknown_user disabled_account'
    [ $store != memory_elsewhere ] || kinds='wrong_password unknown_user hidden_account'
    [[ $store != *_lockout ]] || kinds+=' locked_account unknown_user_after_many'
    for kind in $kinds; do
        count=$(cost "$store/$kind")
        count=$((${count:-0} / 200))
        [ $base -ne 0 ] || base=$count
        difference=$((count > base ? count - base : base - count))
        if [ "$count" -gt 1000 ] && [ $((difference * 100)) -le $((base * limit)) ]; then
            passed=$((passed + 1))
            echo "ok: $store, $kind: $count instructions"
        else
            failed=$((failed + 1))
            echo "NOT OK: $store, $kind: $count instructions, a wrong password $base"
        fi
    done
done
echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
