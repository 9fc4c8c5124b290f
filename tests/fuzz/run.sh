#!/usr/bin/env bash
# Runs every fuzzer of a build for some seconds each, as many at a time as there are cores:
#
#   tests/fuzz/run.sh BUILD SECONDS [NAME ...]
#
# One line a target with its executions; new inputs go to the build tree, and with SSPI_FUZZ_KEEP=1 the corpus in
# tests/fuzz/corpus is merged with what they reached. A crash, leak or time-out fails and leaves its input beside.
set -uo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
build=${1:?build folder}
seconds=${2:?seconds for each target}
shift 2
work=$build/tests/fuzz-work
# No fuzzer asks the network for anything.
export KRB5_CONFIG=$here/krb5.conf KRB5CCNAME=FILE:/nonexistent KRB5_KTNAME=/nonexistent SSPI_REPLAY_CACHE=memory

names=("$@")
if [ ${#names[@]} -eq 0 ]; then
    for source in "$here"/fuzz_*.c; do
        names+=("$(basename "$source" .c)")
    done
fi

# Runs one target; its verdict goes to its .result.
fuzz() {
    local name=$1 corpus=$here/corpus/$1 grown=$work/$1 program=$build/tests/bin/fuzz_$1 executions
    local options=(-max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -max_len=8192 -print_final_stats=1
        -verbosity=0 -artifact_prefix="$grown-")
    mkdir -p "$corpus" "$grown"
    [ ! -f "$here/$name.dict" ] || options+=(-dict="$here/$name.dict")
    if ! "$program" "${options[@]}" "$grown" "$corpus" >"$grown.log" 2>&1; then
        { echo "NOT OK: fuzz_$name"; tail -n 60 "$grown.log"; } >"$grown.result"
        return
    fi
    executions=$(sed -n 's/^stat::number_of_executed_units: *//p' "$grown.log")
    if [ "${executions:-0}" -gt 0 ]; then
        echo "ok: fuzz_$name, $executions executions" >"$grown.result"
    else
        echo "NOT OK: fuzz_$name executed nothing" >"$grown.result"
    fi
    if [ "${SSPI_FUZZ_KEEP:-}" = 1 ]; then
        "$program" -merge=1 -verbosity=0 "$corpus" "$grown" >/dev/null 2>&1
    fi
}

mkdir -p "$work"
rm -f "$work"/*.result
for name in "${names[@]}"; do
    while [ "$(jobs -rp | wc -l)" -ge "$(nproc)" ]; do
        wait -n
    done
    fuzz "${name#fuzz_}" &
done
wait
cat "$work"/*.result
passed=$(cat "$work"/*.result | grep -c '^ok:')
failed=$((${#names[@]} - passed))
echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
