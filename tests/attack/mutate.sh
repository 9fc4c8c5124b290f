#!/usr/bin/env bash
# Tests the attack suite: takes one check at a time out of a copy of the tree (mutations.txt) and expects the named test to
# turn red. A line whose expression no longer changes its file fails too: the check has moved, and the line must follow.
#
#   tests/attack/mutate.sh [PATTERN]   only lines that match
set -uo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
pattern=${1:-.}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
copy=$work/tree
passed=0 failed=0

mkdir -p "$copy"
(cd "$root" && git ls-files -z --cached --others --exclude-standard | tar -c --null --ignore-failed-read -T - 2>/dev/null) |
    tar -x -C "$copy"
# Warnings are none of this: a check that is gone leaves unused variables behind.
if ! cmake -G Ninja -S "$copy" -B "$work/build" -DCMAKE_BUILD_TYPE=Debug -DSSPI_WERROR=OFF -DSSPI_BUILD_PYTHON=OFF \
        -DSSPI_BUILD_LUA=OFF \
        >"$work/log" 2>&1 ||
    ! cmake --build "$work/build" --target attack_ntlm_inprocess attack_api_inprocess >>"$work/log" 2>&1; then
    tail -n 40 "$work/log"
    echo "0 passed, 1 failed"
    exit 1
fi

verdict() {
    if [ "$1" = ok ]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
    fi
    echo "$1: $2"
}

# Blanks around a field belong to the table.
trim() {
    sed 's/^ *//; s/ *$//' <<<"$1"
}

while IFS= read -r row; do
    file=$(trim "${row%% | *}")
    rest=${row#* | }
    test=$(trim "${rest##* | }")
    rest=${rest% | *}
    executable=$(trim "${rest##* | }")
    expression=$(trim "${rest% | *}")
    cp "$copy/$file" "$work/original"
    sed -i "$expression" "$copy/$file"
    if cmp -s "$copy/$file" "$work/original"; then
        verdict "NOT OK" "$file: '$expression' changes nothing"
    elif ! cmake --build "$work/build" --target "${executable}_inprocess" >"$work/log" 2>&1; then
        grep -m 5 'error:' "$work/log"
        verdict "NOT OK" "$file: does not compile without the check of $test"
    else
        status=0
        timeout 120 "$work/build/tests/bin/${executable}_inprocess" --filter "$test" >"$work/log" 2>&1 || status=$?
        if [ $status -gt 128 ] || grep -q '[1-9][0-9]* failed$' "$work/log"; then
            verdict ok "$test is red without its check in $file"
        elif [ $status -eq 0 ]; then
            verdict "NOT OK" "$test stays green without its check in $file: $expression"
        else
            tail -n 3 "$work/log"
            verdict "NOT OK" "$test did not run to its end"
        fi
    fi
    cp "$work/original" "$copy/$file"
done < <(grep -v -e '^#' -e '^$' "$root/tests/attack/mutations.txt" | grep -e "$pattern")
echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
