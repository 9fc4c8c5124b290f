#!/usr/bin/env bash
# Builds and tests everything on this machine: both compilers, the sanitizers, every suite, one total at the end.
#
#   tests/run.sh [--setup] [--nightly] [--list] [suite ...]
#     --setup     install what is missing and stop
#     --nightly   the long checks too: long fuzzing, soak, mutations, the planted leak and race
#     --list      the names of the suites
#     suite ...   those only, e.g. tests/run.sh unit lint
#
# Each suite's output is in build/tests/SUITE.log. A suite fails when its runner fails, when it ran no test, or when a
# sanitizer or valgrind wrote a report. The last line is "N passed, N failed, N skipped".
set -uo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root" || exit 2
logs=$root/build/tests
nightly=no
chosen=()

# Order matters only in that the cheap and telling ones come first.
daily=(lint unit unit-clang asan asan-clang tsan valgrind conformance attack install bindings tools python lua
    fuzz mutations secrets timing peers domain quickstart selftest)
long=(valgrind-full soak fuzz-long selftest-full)

# shellcheck source=tests/support/suites.sh
. "$root/tests/support/suites.sh"

for argument in "$@"; do
    case $argument in
        --setup) exec "$root/tests/support/setup.sh" ;;
        --nightly) nightly=yes ;;
        --list) printf '%s\n' "${daily[@]}" "${long[@]}"; exit 0 ;;
        -*) echo "usage: tests/run.sh [--setup] [--nightly] [--list] [suite ...]" >&2; exit 2 ;;
        *) chosen+=("$argument") ;;
    esac
done
if [ ${#chosen[@]} -eq 0 ]; then
    chosen=("${daily[@]}")
    [ $nightly = no ] || chosen+=("${long[@]}")
fi
for suite in "${chosen[@]}"; do
    if ! declare -F "suite_${suite//-/_}" >/dev/null; then
        echo "tests/run.sh: there is no suite '$suite'; --list names them" >&2
        exit 2
    fi
done

sections=(build try test)
if [ $nightly = yes ]; then
    export SSPI_NIGHTLY=1
fi
if ! "$root/tests/support/setup.sh" "${sections[@]}"; then
    echo "tests/run.sh: set-up failed" >&2
    echo "0 passed, 1 failed, 0 skipped"
    exit 1
fi
mkdir -p "$logs"
rm -f "$logs"/build-*.failed

total_passed=0 total_failed=0 total_skipped=0

# Runs one suite and adds its counts to the totals.
suite_run() {
    local suite=$1 log=$logs/$1.log started=$SECONDS status=0 counts passed failed skipped
    reports=$logs/$suite.reports
    rm -rf "$reports" && mkdir -p "$reports"
    ("suite_${suite//-/_}") >"$log" 2>&1 </dev/null || status=$?
    counts=$(python3 "$root/tests/support/tally.py" --status $status --reports "$reports" "$log")
    read -r passed failed skipped <<<"$(tail -n 1 <<<"$counts")"
    total_passed=$((total_passed + passed))
    total_failed=$((total_failed + failed))
    total_skipped=$((total_skipped + skipped))
    printf '%-14s %5d passed %4d failed %4d skipped %5d s\n' "$suite" "$passed" "$failed" "$skipped" $((SECONDS - started))
    head -n -1 <<<"$counts" | sed 's/^/    /'
    if [ "$failed" -gt 0 ]; then
        echo "---- the end of build/tests/$suite.log"
        grep -v -e '^\[[0-9]*/[0-9]*\] ' "$log" | cut -c 1-400 | tail -n 80
        echo "----"
    fi
}

for suite in "${chosen[@]}"; do
    suite_run "$suite"
done
echo "$total_passed passed, $total_failed failed, $total_skipped skipped"
[ "$total_failed" -eq 0 ] && [ "$total_passed" -gt 0 ]
