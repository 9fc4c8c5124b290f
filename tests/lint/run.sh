#!/usr/bin/env bash
# The lint: our rules, the rules tested on planted violations, formatters and checkers. Usage: tests/lint/run.sh [BUILD]
# BUILD is a build tree, whose library is compared with the map of exports.
set -uo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cd "$root" || exit 2
build=${1:-}
python=$root/.venv/bin/python
passed=0 failed=0

# check NAME COMMAND...: a passing command says nothing more than its name.
check() {
    local name=$1 output
    shift
    if output=$("$@" 2>&1); then
        passed=$((passed + 1))
        echo "ok: $name"
    else
        failed=$((failed + 1))
        echo "NOT OK: $name"
        head -n 80 <<<"$output"
    fi
}

# Files of the tree whose names match a pattern, one a line.
files() {
    git ls-files --cached --others --exclude-standard -- "$@" | while read -r path; do
        [ -f "$path" ] && echo "$path"
    done
}

# Each internal header compiles alone.
headers_alone() {
    local header status=0 flags
    read -ra flags < <(pkg-config --cflags heimdal-krb5)
    for header in $(files 'core/*.h' | grep -v -e '^core/include/' -e '_table.h$'); do
        gcc -std=gnu11 -D_GNU_SOURCE -DSSPI_BUILDING -Wall -Wextra -Werror -Icore -Icore/include -fsyntax-only \
            "${flags[@]}" -include "$header" -x c /dev/null || status=1
    done
    return $status
}

formatted() {
    files 'core/*.[ch]' 'bindings/*.[ch]' 'tests/*.[ch]' 'examples/*.[ch]' | grep -v '^core/include/' |
        xargs -r clang-format --dry-run -Werror
}

scripts_checked() {
    files '*.sh' .ci/run | xargs -r shellcheck -x -S style
}

lua_checked() {
    files '*.lua' '*.rockspec' | xargs -r luacheck --quiet --codes --config "$root/lua/.luacheckrc"
}

types_checked() {
    local folder
    for folder in bindings tests/lint tests/support; do
        "$python" -m mypy --strict --no-error-summary "$folder" || return 1
    done
    # The package of a build folder, where its generated parts are.
    if [ -n "$build" ] && [ -d "$build/python/sspi" ]; then
        "$python" -m mypy --strict --no-error-summary "$build/python/sspi"
    fi
}

"$python" tests/lint/lint.py ${build:+--build "$build"}
"$python" -m pytest -q --color=no -p no:cacheprovider tests/lint
check "internal headers compile alone" headers_alone
check "clang-format" formatted
check "ruff" "$python" -m ruff check --no-cache .
check "ruff format" "$python" -m ruff format --no-cache --check .
check "mypy" types_checked
check "luacheck" lua_checked
check "shellcheck" scripts_checked
echo "$passed passed, $failed failed"
