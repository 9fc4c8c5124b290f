#!/usr/bin/env bash
# Tests the tests: plants a failure, a skip, a leak, an overflow, a race and an empty runner, and expects the machinery of
# tests/run.sh (the same functions, flags and counting) to turn red for each, and green for none of them.
# With --full it also plants a leak and a race in a copy of the tree and expects tests/run.sh itself to fail there.
set -uo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
source_root=$root
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
passed=0 failed=0

# shellcheck source=tests/support/suites.sh
. "$root/tests/support/suites.sh"
# From here on the suites' functions work below the temporary folder.
root=$work
reports=$work/reports
support=$source_root/tests/support
mkdir -p "$work/tests/support"
cp "$support"/*.supp "$work/tests/support"

result() {
    if [ "$2" = yes ]; then
        passed=$((passed + 1))
        echo "ok: $1"
    else
        failed=$((failed + 1))
        echo "NOT OK: $1"
    fi
}

# Builds planted.c and runs it as a suite does: planted NAME KIND SANITIZE PLANT red|green WORD.
# WORD must show in what the reader is told.
planted() {
    local name=$1 kind=$2 sanitize=$3 plant=$4 want=$5 word=$6 status=0 suffix='' counts colour said
    local sources=("$support/selftest/planted.c" "$support/test.c")
    local flags=(-std=gnu11 -g -O1 -D_GNU_SOURCE "-D$plant" "-I$support" "-I$source_root/core/include" -w)
    [ -z "$sanitize" ] || flags+=("-fsanitize=$sanitize" -fno-sanitize-recover=all)
    local libraries=(-lpthread -lcriterion)
    if [ "$kind" = inprocess ]; then
        libraries=(-lpthread)
        suffix=_inprocess
        flags+=(-DSSPI_TEST_INPROCESS)
        sources+=("$support/inprocess.c")
    fi
    rm -rf "$work/build" "$reports"
    mkdir -p "$work/build/x/tests/bin" "$reports"
    "${CC:-gcc}" "${flags[@]}" "${sources[@]}" -o "$work/build/x/tests/bin/planted$suffix" \
        "${libraries[@]}" || { result "$name compiles" no; return; }
    (sanitizers_on; executables_run x "$kind" 'planted*') >"$work/log" 2>&1 </dev/null || status=$?
    said=$(python3 "$support/tally.py" --status $status --reports "$reports" "$work/log")
    counts=$(tail -n 1 <<<"$said")
    colour=green
    [[ $counts =~ ^[0-9]+\ 0\  ]] || colour=red
    if [ $colour = "$want" ] && grep -q "$word" <<<"$said$(cat "$work/log")"; then
        result "$name is $want ($counts)" yes
    else
        echo "$said"
        result "$name is $want ($counts)" no
    fi
}

run_cheap() {
    planted "a sound test under Criterion" criterion address,undefined PLANT_SOUND green 'Passing: 1'
    planted "a sound test in process" inprocess thread PLANT_SOUND green '1 passed'
    planted "a failure under Criterion" criterion '' PLANT_FAILURE red 'bytes differ at 2'
    planted "a failure in process" inprocess '' PLANT_FAILURE red 'bytes differ at 2'
    planted "a skip under Criterion" criterion address,undefined PLANT_SKIP green 'SKIP .*there is no thing here'
    planted "a skip in process" inprocess thread PLANT_SKIP green '1 passed, 0 failed, 1 skipped'
    planted "a leak under Criterion" criterion address,undefined PLANT_LEAK red 'detected memory leaks'
    planted "a leak in process" inprocess address,undefined PLANT_LEAK red 'detected memory leaks'
    planted "an overflow under Criterion" criterion address,undefined PLANT_OVERFLOW red 'signed integer overflow'
    planted "a race in process" inprocess thread PLANT_RACE red 'data race'
    planted "an empty runner under Criterion" criterion '' PLANT_NOTHING red 'ran no test'
    planted "an empty runner in process" inprocess '' PLANT_NOTHING red 'ran no test'
}

# run_planted NAME SUITE PLANT WORD: the fault in the tree's own unit tests, in a copy of the tree.
run_planted() {
    local copy=$work/copy status=0
    rm -rf "$copy" && mkdir -p "$copy"
    git -C "$source_root" ls-files -z --cached --others --exclude-standard | (cd "$source_root" && tar -c --null -T -) |
        tar -x -C "$copy"
    ln -s "$source_root/.venv" "$copy/.venv"
    { echo "#define $3"; cat "$support/selftest/planted.c"; } >"$copy/tests/unit/base/test_planted.c"
    "$copy/tests/run.sh" "$2" >"$work/full.log" 2>&1 </dev/null || status=$?
    if [ $status -ne 0 ] && grep -q "$4" "$work/full.log" && tail -n 1 "$work/full.log" | grep -q '[1-9][0-9]* failed'; then
        result "$1: $(tail -n 1 "$work/full.log")" yes
    else
        tail -n 40 "$work/full.log"
        result "$1" no
    fi
}

run_cheap
if [ "${1:-}" = --full ]; then
    run_planted "tests/run.sh with a planted leak" asan PLANT_LEAK 'detected memory leaks'
    run_planted "tests/run.sh with a planted race" tsan PLANT_RACE 'data race'
fi
echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
