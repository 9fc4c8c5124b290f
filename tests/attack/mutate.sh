#!/usr/bin/env bash
# Tests the attack suite: takes one check at a time out of a copy of the tree (mutations.txt) and expects the named test to
# turn red. A line whose expression no longer changes its file fails too: the check has moved, and the line must follow.
# The executables "lua" and "python" are the script layers on their modules; their tests, FILE/NAME, are seen green first,
# as they are also red where they cannot run.
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
if ! cmake -G Ninja -S "$copy" -B "$work/build" -DCMAKE_BUILD_TYPE=Debug -DSSPI_WERROR=OFF >"$work/log" 2>&1 ||
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

target_of() {
    case $1 in
    lua) echo sspi_lua54 ;;
    python) echo sspi_python_package ;;
    *) echo "${1}_inprocess" ;;
    esac
}

# run_test EXECUTABLE TEST, into the log. What a script makes without its checks is made in the folder of this run.
run_test() (
    file=${2%%/*} name=${2#*/}
    case $1 in lua | python) cd "$work" || exit 2 ;; esac
    case $1 in
    lua)
        env -u LUA_PATH_5_4 -u LUA_CPATH_5_4 LUA_PATH="$copy/lua/?.lua;$copy/tests/lua/?.lua;;" \
            LUA_CPATH="$work/build/lua/5.4/?.so;;" timeout 120 busted --lua=lua5.4 --output=plainTerminal \
            --filter="${name// /.}" "$copy/tests/lua/${file}_spec.lua" # busted hands its words to a shell
        ;;
    python)
        PYTHONPATH="$work/build/python" timeout 120 "$root/.venv/bin/python" -B -m pytest -q -x --color=no \
            -p no:cacheprovider -k "$name" "$copy/tests/python/test_$file.py"
        ;;
    *) timeout 120 "$work/build/tests/bin/${1}_inprocess" --filter "$2" ;;
    esac >"$work/log" 2>&1
)

is_red() {
    case $1 in
    lua) grep -Eq '[1-9][0-9]* (failure|error)|Segmentation fault|Aborted' "$work/log" ;;
    python) grep -Eq '[1-9][0-9]* (failed|error)' "$work/log" ;;
    *) grep -q '[1-9][0-9]* failed' "$work/log" ;;
    esac
}

# A script's test with every check in place, once.
declare -A green
seen_green() {
    case $1 in lua | python) ;; *) return 0 ;; esac
    if [ -z "${green[$1 $2]:-}" ]; then
        green[$1 $2]=no
        cmake --build "$work/build" --target "$(target_of "$1")" >"$work/log" 2>&1 && run_test "$1" "$2" &&
            grep -Eq '[1-9][0-9]* (success|passed)' "$work/log" && green[$1 $2]=yes
    fi
    [ "${green[$1 $2]}" = yes ]
}

while IFS= read -r row; do
    file=$(trim "${row%% | *}")
    rest=${row#* | }
    test=$(trim "${rest##* | }")
    rest=${rest% | *}
    executable=$(trim "${rest##* | }")
    expression=$(trim "${rest% | *}")
    if ! seen_green "$executable" "$test"; then
        tail -n 5 "$work/log"
        verdict "NOT OK" "$test of $executable is not green with every check in place"
        continue
    fi
    cp "$copy/$file" "$work/original"
    sed -i "$expression" "$copy/$file"
    if cmp -s "$copy/$file" "$work/original"; then
        verdict "NOT OK" "$file: '$expression' changes nothing"
    elif ! cmake --build "$work/build" --target "$(target_of "$executable")" >"$work/log" 2>&1; then
        grep -m 5 'error:' "$work/log"
        verdict "NOT OK" "$file: does not compile without the check of $test"
    else
        status=0
        run_test "$executable" "$test" || status=$?
        if [ $status -gt 128 ] || is_red "$executable"; then
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
