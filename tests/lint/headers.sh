#!/bin/sh
# Compiles every public header by itself and in company: headers.sh INCLUDE_DIR
# C11 and C++17, gcc and clang, all warnings as errors; with and without SECURITY_WIN32 and UNICODE, after Windows.h,
# with a 16-bit wchar_t; all of them in one source with OpenSSL, Python, Lua and krb5; and a server written for Windows.
# Failures go to standard error; the last line is "N passed, N failed"; the status is 1 if any failed.
set -u
if [ $# -ne 1 ] || [ ! -f "$1/sspi.h" ]; then
    echo "usage: $0 INCLUDE_DIR (with sspi.h in it)" >&2
    exit 2
fi
include=$(cd "$1" && pwd)
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
warnings='-Wall -Wextra -Wpedantic -Wshadow -Wundef -Werror'
jobs=${JOBS:-2}

# One line a check: a shell command that is silent when all is well.
add() { printf '%s\n' "$*" >>"$work/checks"; }

# every LANGUAGE-COMPILER pair: name of the compiler and its options
compilers='gcc -std=c11 -x c
clang -std=c11 -x c
g++ -std=c++17 -x c++
clang++ -std=c++17 -x c++'

source_of() { # FILE LINE...: a source of these lines that declares something of its own
    out=$1; shift
    printf '%s\n' "$@" 'typedef int sspi_translation_unit;' >"$out"
}

add_all() { # SOURCE OPTION...: with every compiler
    source=$1; shift
    while read -r compiler; do
        add "$compiler -fsyntax-only $warnings -I$include $* $source"
    done <<END
$compilers
END
}

for path in "$include"/*.h "$include"/compat/*.h; do
    name=${path#"$include"/}
    plain=$work/$(echo "$name" | tr '/.' '__')
    source_of "$plain.c" "#include <$name>"
    source_of "$plain.twice.c" "#include <$name>" "#include <$name>"
    source_of "$plain.windows.c" '#include <compat/windows.h>' "#include <$name>"
    source_of "$plain.after.c" "#include <$name>" '#include <compat/windows.h>'
    add_all "$plain.c"
    add_all "$plain.c" -DSECURITY_WIN32
    add_all "$plain.c" -DUNICODE -D_UNICODE
    add_all "$plain.c" -fshort-wchar -DUNICODE -D_UNICODE
    add_all "$plain.twice.c" -D_SEC_WINNT_AUTH_TYPES
    add_all "$plain.windows.c" -DSECURITY_WIN32
    add_all "$plain.after.c"
done

# In one source with the headers such programs also use, ours first and ours last.
foreign='#include <Python.h>
#include <lua.h>
#include <lauxlib.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <openssl/pkcs7.h>
#include <openssl/ocsp.h>
#include <krb5.h>'
ours=$(cd "$include" && printf '#include <%s>\n' compat/windows.h *.h compat/wincrypt.h)
source_of "$work/first.c" "$foreign" "$ours"
source_of "$work/last.c" '#include <Python.h>' "$ours" "$foreign"
for module in "${PYTHON_PC:-python3}" "${LUA_PC:-lua5.4}" openssl heimdal-krb5; do
    if flags=$(pkg-config --cflags "$module" 2>&1); then
        echo "$flags"
    else
        add "false # pkg-config does not know $module"
    fi
done | sed 's/-I/-isystem /g' | tr '\n' ' ' >"$work/flags"
add_all "$work/first.c" "$(cat "$work/flags")"
add_all "$work/last.c" "$(cat "$work/flags")"
add_all "$work/last.c" "$(cat "$work/flags")" -DUNICODE -D_UNICODE

# A source written for Windows.
server=$here/../unit/include/windows_server.c
for compiler in 'gcc -std=c11' 'clang -std=c11'; do
    for options in '' '-DUNICODE -D_UNICODE' '-DUNICODE -D_UNICODE -fshort-wchar'; do
        add "$compiler -fsyntax-only $warnings $options -I$include -I$include/compat $server"
    done
done

cat >"$work/run" <<'END'
# run DIRECTORY COMMAND: keeps the output of a command that fails.
output=$1/failure.$$
sh -c "$2" >"$output" 2>&1 && exec rm -f "$output"
echo "$2" >>"$output"
END

total=$(wc -l <"$work/checks")
xargs -P "$jobs" -d '\n' -n 1 sh "$work/run" "$work" <"$work/checks"
failed=$(find "$work" -name 'failure.*' | wc -l)
[ "$failed" -eq 0 ] || cat "$work"/failure.* >&2
echo "$((total - failed)) passed, $failed failed"
[ "$total" -gt 0 ] && [ "$failed" -eq 0 ]
