#!/usr/bin/env bash
# Runs every fuzzer of a build for some seconds each: tests/fuzz/run.sh BUILD SECONDS [NAME ...]
# One line a target with its executions; new inputs go to the build tree, and with SSPI_FUZZ_KEEP=1 the corpus in
# tests/fuzz/corpus is merged with what they reached. A crash, leak or time-out fails and leaves its input beside.
set -uo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
build=${1:?build folder}
seconds=${2:?seconds for each target}
shift 2
work=$build/tests/fuzz-work
passed=0 failed=0

names=("$@")
if [ ${#names[@]} -eq 0 ]; then
    for source in "$here"/fuzz_*.c; do
        names+=("$(basename "$source" .c)")
    done
fi

# Two at a time would be twice as fast and half as telling on a loaded machine; one at a time it is.
for name in "${names[@]}"; do
    name=fuzz_${name#fuzz_}
    corpus=$here/corpus/${name#fuzz_}
    grown=$work/${name#fuzz_}
    mkdir -p "$corpus" "$grown"
    options=(-max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -max_len=8192 -print_final_stats=1 -verbosity=0
        -artifact_prefix="$grown-")
    [ ! -f "$here/${name#fuzz_}.dict" ] || options+=(-dict="$here/${name#fuzz_}.dict")
    if "$build/tests/bin/$name" "${options[@]}" "$grown" "$corpus" >"$grown.log" 2>&1; then
        passed=$((passed + 1))
        executions=$(sed -n 's/^stat::number_of_executed_units: *//p' "$grown.log")
        echo "ok: $name, ${executions:-0} executions"
        if [ "${executions:-0}" -eq 0 ]; then
            failed=$((failed + 1))
            echo "NOT OK: $name executed nothing"
        fi
    else
        failed=$((failed + 1))
        echo "NOT OK: $name"
        tail -n 60 "$grown.log"
    fi
    if [ "${SSPI_FUZZ_KEEP:-}" = 1 ]; then
        "$build/tests/bin/$name" -merge=1 -verbosity=0 "$corpus" "$grown" >/dev/null 2>&1
    fi
done
echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
