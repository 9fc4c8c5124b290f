#!/usr/bin/env bash
# Instructions per operation by callgrind: count.sh PROGRAM [ARGUMENT ...] prints `case <tab> total <tab> acceptor`.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
valgrind --tool=callgrind --collect-atstart=no --callgrind-out-file="$folder/out" "$@" \
    >/dev/null 2>"$folder/errors" || { tail -5 "$folder/errors" >&2; exit 1; }
for file in "$folder"/out.*; do
    tag=$(sed -n 's/^desc: Trigger: Client Request: //p' "$file")
    [ -n "$tag" ] || continue
    echo "$tag|$(sed -n 's/^\(totals\|summary\): \([0-9]*\).*/\2/p' "$file" | tail -1)"
done | awk -F'|' '
    { count[$1, $2] = $4 / $3; if (!($1 in seen)) { seen[$1]; order[++cases] = $1 } }
    END { for (i = 1; i <= cases; i++)
        printf "%s\t%.0f\t%.0f\n", order[i], count[order[i], "total"], count[order[i], "acceptor"] }'
