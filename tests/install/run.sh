#!/usr/bin/env bash
# Installs a build into an empty folder and uses it from there as a stranger would: tests/install/run.sh BUILD
set -uo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
build=${1:?build folder}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
prefix=$work/prefix
passed=0 failed=0

# check NAME COMMAND...
check() {
    local name=$1
    shift
    if "$@" >"$work/output" 2>&1; then
        passed=$((passed + 1))
        echo "ok: $name"
    else
        failed=$((failed + 1))
        echo "NOT OK: $name"
        tail -n 30 "$work/output"
    fi
}

# Every installed header compiles alone: headers_alone COMPILER STANDARD LANGUAGE FLAG...
headers_alone() {
    local compiler=$1 standard=$2 language=$3 header status=0 seen=0
    shift 3
    for header in "$prefix"/include/sspi/*.h; do
        seen=$((seen + 1))
        printf '#include <%s>\nextern int alone;\n' "$(basename "$header")" >"$work/alone.c"
        "$compiler" "-std=$standard" -x "$language" -Wall -Wextra -Wpedantic -Werror "${cflags[@]}" "$@" -fsyntax-only \
            "$work/alone.c" || { echo "$header"; status=1; }
    done
    [ $seen -gt 0 ] && return $status
}

# Compiles, links and runs use.c: program COMPILER LANGUAGE FLAG...
program() {
    local compiler=$1 language=$2
    shift 2
    "$compiler" -x "$language" "${cflags[@]}" "$@" "$here/use.c" -x none "${libs[@]}" "-Wl,-rpath,$libdir" -o "$work/use" &&
        "$work/use"
}

found_by_cmake() {
    mkdir -p "$work/found" && cp "$here/use.c" "$work/found/"
    cat >"$work/found/CMakeLists.txt" <<'END'
cmake_minimum_required(VERSION 3.25)
project(found C)
find_package(sspi REQUIRED)
add_executable(use use.c)
target_link_libraries(use PRIVATE sspi::sspi)
END
    cmake -S "$work/found" -B "$work/found/build" -DCMAKE_PREFIX_PATH="$prefix" && cmake --build "$work/found/build" &&
        "$work/found/build/use"
}

# The library needs only what it should, has a soname with its version, and cannot be unloaded.
library_sound() {
    local library=$libdir/libsspi.so
    readelf -d "$library" >"$work/dynamic" || return 1
    grep -q 'SONAME.*libsspi\.so\.[0-9]' "$work/dynamic" || { echo "no versioned soname"; return 1; }
    grep -q 'NODELETE' "$work/dynamic" || { echo "not marked nodelete"; return 1; }
    grep -q 'BIND_NOW\|NOW' "$work/dynamic" || { echo "not bound at start"; return 1; }
    ! grep -q 'TEXTREL\|RPATH.*build' "$work/dynamic" || { echo "text relocations or a path of the build"; return 1; }
    readelf -lW "$library" | grep -q 'GNU_RELRO' || { echo "no RELRO"; return 1; }
    ! readelf -lW "$library" | grep -q 'GNU_STACK.*RWE' || { echo "executable stack"; return 1; }
}

check "cmake --install" cmake --install "$build" --prefix "$prefix"
libdir=$(dirname "$(find "$prefix" -name libsspi.so | head -n 1)")
export PKG_CONFIG_PATH=$libdir/pkgconfig
check "pkg-config finds sspi" pkg-config --exists sspi
read -ra cflags < <(pkg-config --cflags sspi)
read -ra libs < <(pkg-config --libs sspi)
check "the library is sound" library_sound
for flags in "" "-DSECURITY_WIN32 -DUNICODE -D_UNICODE"; do
    read -ra extra <<<"$flags"
    check "headers alone, gcc C11 $flags" headers_alone gcc c11 c "${extra[@]}"
    check "headers alone, clang C11 $flags" headers_alone clang c11 c "${extra[@]}"
    check "headers alone, g++ C++17 $flags" headers_alone g++ c++17 c++ "${extra[@]}"
done
check "a C program, gcc" program gcc c
check "a C program, clang" program clang c
check "a C++ program" program g++ c++
check "find_package(sspi)" found_by_cmake
check "pkg-config finds sspi-windows" pkg-config --exists sspi-windows
read -ra cflags < <(pkg-config --cflags sspi-windows)
check "a Windows program" program gcc c -DWINDOWS_PROGRAM -DSECURITY_WIN32
check "a Windows program, UNICODE" program gcc c -DWINDOWS_PROGRAM -DSECURITY_WIN32 -DUNICODE
echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
