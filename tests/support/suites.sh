# The suites of tests/run.sh: one function each, run in a subshell with its output in a log. Sourced, not run.
# Uses $root, $logs and $reports (the folder in which sanitizers and valgrind write; it must stay empty).
# shellcheck shell=bash
# shellcheck disable=SC2154

jobs=$(nproc)

# Configures (once) and builds a preset; its output shows in the log.
built() {
    local preset=$1 folder=$root/build/$1
    shift
    if [ ! -f "$folder/build.ninja" ]; then
        CC=${CC:-gcc} cmake -S "$root" --preset "$preset" || return 1
    fi
    cmake --build "$folder" -j "$jobs" "$@"
}

# Builds all it can: what does not compile counts as one failure, told once a run, and the suite goes on with the rest.
need() {
    local log=$logs/build-$1.log
    [ ! -f "$log.failed" ] || { echo "the build '$1' failed before: build/tests/build-$1.log"; return; }
    if ! built "$@" -- -k 0 >"$log" 2>&1; then
        touch "$log.failed"
        grep -e 'error' -e 'undefined' -e 'FAILED' "$log" | cut -c 1-300 | head -n 40
        echo "0 passed, 1 failed"
    fi
}

# Where reports go. Criterion passes a test that leaks, so the report itself is what counts.
sanitizers_on() {
    local common="log_path=$reports/report:print_stacktrace=1"
    export ASAN_OPTIONS="$common:detect_leaks=1:strict_string_checks=1:detect_stack_use_after_return=1"
    export UBSAN_OPTIONS="$common"
    export LSAN_OPTIONS="log_path=$reports/report:suppressions=$root/tests/support/lsan.supp:print_suppressions=0"
    export TSAN_OPTIONS="log_path=$reports/report:second_deadlock_stack=1"
}

# Runs the executables of a build whose names match any of the patterns: executables_run PRESET KIND PATTERN...
# KIND: criterion or inprocess. A pattern without an executable fails.
executables_run() {
    local preset=$1 kind=$2 status=0 pattern path found
    shift 2
    for pattern in "$@"; do
        found=no
        for path in "$root/build/$preset/tests/bin/"$pattern; do
            [ -x "$path" ] || continue
            case $kind:$path in
                criterion:*_inprocess) continue ;;
                inprocess:*_inprocess | criterion:*) ;;
                *) continue ;;
            esac
            found=yes
            echo "== ${path#"$root/"}"
            ${wrapper:-} timeout -k 10 "${limit:-600}" "$path" || { echo "status $? of $path"; status=1; }
        done
        if [ $found = no ]; then
            echo "no executable $pattern in build/$preset/tests/bin"
            status=1
        fi
    done
    return $status
}

# Runs a folder's own run.sh, or its pytest files, with the scripts' modules of the release build in sight.
folder_run() {
    local folder=$root/tests/$1
    shift
    scripts_environment
    if [ -x "$folder/run.sh" ]; then
        timeout -k 10 "${limit:-900}" "$folder/run.sh" "$@"
    else
        timeout -k 10 "${limit:-900}" "$root/.venv/bin/python" -m pytest -q -rs --color=no "$folder"
    fi
}

scripts_environment() {
    export SSPI_BUILD=$root/build/release
    export PATH=$root/.venv/bin:$PATH
    # shellcheck source=tests/support/env.sh
    . "$root/tests/support/env.sh" "$SSPI_BUILD"
}

suite_lint() {
    need release
    scripts_environment
    "$root/tests/lint/run.sh" "$root/build/release"
}

suite_unit() {
    need release
    executables_run release criterion 'unit_*'
}

suite_unit_clang() {
    export CC=clang
    need release-clang
    executables_run release-clang criterion 'unit_*'
}

suite_asan() {
    need asan
    sanitizers_on
    executables_run asan criterion 'unit_*' 'conformance*' 'attack_*'
}

suite_asan_clang() {
    need asan-clang
    sanitizers_on
    executables_run asan-clang inprocess 'unit_*' 'conformance*' 'attack_*'
}

suite_tsan() {
    need tsan
    sanitizers_on
    executables_run tsan inprocess 'unit_*' 'conformance*' 'attack_*'
}

# valgrind of the executables that match; leaks count too.
valgrind_run() {
    need release
    wrapper="valgrind -q --error-exitcode=99 --leak-check=full --errors-for-leak-kinds=definite,possible
        --suppressions=$root/tests/support/valgrind.supp --log-file=$reports/valgrind.%p"
    limit=1800 executables_run release inprocess "$@"
}

suite_valgrind() {
    valgrind_run 'unit_base*' 'unit_crypto*' 'unit_ntlm*' 'conformance*'
}

suite_valgrind_full() {
    valgrind_run 'unit_*' 'conformance*' 'attack_*'
}

suite_conformance() {
    need release
    executables_run release criterion 'conformance*'
}

suite_attack() {
    local status=0
    need release
    executables_run release criterion 'attack_*' || status=$?
    "$root/build/release/tests/bin/memory_of_all" || status=$?
    return $status
}

suite_install() {
    need release
    "$root/tests/install/run.sh" "$root/build/release"
}

suite_bindings() {
    need release
    folder_run bindings
}

suite_tools() {
    need release
    folder_run tools
}

suite_python() {
    need release
    folder_run python
}

suite_lua() {
    need release
    scripts_environment
    if [ -x "$root/tests/lua/run.sh" ]; then
        "$root/tests/lua/run.sh"
    else
        timeout -k 10 600 busted --lua=lua5.4 --output=plainTerminal "$root/tests/lua"
    fi
}

suite_fuzz() {
    need fuzz --target fuzz_all
    "$root/tests/fuzz/run.sh" "$root/build/fuzz" 10
}

suite_fuzz_long() {
    need fuzz --target fuzz_all
    "$root/tests/fuzz/run.sh" "$root/build/fuzz" 600
}

suite_secrets() {
    need release
    "$root/tests/attack/secrets.sh" "$root/build/release"
}

# Then what speaks Kerberos once more, with another KDC.
suite_peers() {
    local peers=$root/tests/peers status=0
    need release
    folder_run peers || status=1
    SSPI_TEST_KDC=mit timeout -k 10 300 "$root/.venv/bin/python" -m pytest -q -rs --color=no \
        "$peers"/test_kerberos*.py "$peers"/test_spnego_kerberos.py || status=1
    return $status
}

# In a Samba domain of its own, which needs root.
suite_domain() {
    local peers=$root/tests/peers reason folder status=0
    if ! reason=$("$peers/domain/samba.sh" possible); then
        echo "SKIP domain: $reason"
        echo "0 passed, 0 failed, 1 skipped"
        return 0
    fi
    need release
    scripts_environment
    folder=$(mktemp -d)
    timeout -k 10 900 "$peers/domain/samba.sh" run "$folder/domain" \
        "$root/.venv/bin/python" -m pytest -q -rs --color=no "$peers/domain" || status=$?
    rm -rf "$folder"
    return $status
}

suite_quickstart() {
    need release
    scripts_environment
    timeout -k 10 900 "$root/tests/quickstart/run.sh"
}

suite_selftest() {
    "$root/tests/support/selftest.sh"
}

suite_selftest_full() {
    "$root/tests/support/selftest.sh" --full
}

suite_mutations() {
    "$root/tests/attack/mutate.sh"
}

suite_soak() {
    need release
    SSPI_NIGHTLY=1 limit=3600 executables_run release criterion 'attack_soak'
}

suite_timing() {
    need release
    "$root/tests/attack/timing.sh" "$root/build/release"
}
