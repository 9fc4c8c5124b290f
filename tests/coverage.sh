#!/usr/bin/env bash
# What the C tests reach of core/: lines and branches, a row for each folder, or for each file of the folders named.
#
#   tests/coverage.sh [--missing] [FOLDER ...]
#
# --missing names each line that never ran and each branch that went one way only. Builds the preset `coverage`; SSPI_COVERAGE_BUILD names
# another build folder. What Python and Lua tests reach counts as well if they ran on that build before: . tests/support/env.sh BUILD.
set -uo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
build=${SSPI_COVERAGE_BUILD:-$root/build/coverage}
cd "$root" || exit 2
failed=0

if ! cmake -G Ninja -S "$root" -B "$build" -DCMAKE_BUILD_TYPE=Debug -DSSPI_COVERAGE=ON >"$build.log" 2>&1 ||
    ! cmake --build "$build" >>"$build.log" 2>&1; then
    tail -n 40 "$build.log"
    exit 1
fi
for program in "$build"/tests/bin/unit_* "$build"/tests/bin/conformance "$build"/tests/bin/attack_*; do
    case $program in *_inprocess) continue ;; esac
    if ! "$program" >"$build/$(basename "$program").log" 2>&1; then
        echo "NOT OK: $(basename "$program")"
        failed=1
    fi
done
python3 -B tests/support/coverage.py "$build" "$@" || failed=1
exit $failed
