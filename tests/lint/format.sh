#!/usr/bin/env bash
# Formats the whole tree as the lint wants it: clang-format for C, ruff for Python. Installed headers keep their tables.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../.."
git ls-files --cached --others --exclude-standard -- 'core/*.[ch]' 'bindings/*.[ch]' 'tests/*.[ch]' 'examples/*.[ch]' |
    grep -v '^core/include/' | xargs -r clang-format -i
.venv/bin/python -m ruff check --no-cache -q --fix . || true
.venv/bin/python -m ruff format --no-cache -q .
