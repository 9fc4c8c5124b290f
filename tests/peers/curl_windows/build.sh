#!/usr/bin/env bash
# Builds curl's Windows client against libsspi, from Debian's source package: build.sh FOLDER SSPI_BUILD
#
# The package list and the source stay in FOLDER; nothing of the system is changed. Ends with the path of the program.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../../.." && pwd)
folder=$(mkdir -p "$1" && cd "$1" && pwd)
library=$2/core
include=(-I"$root/core/include" -I"$root/core/include/compat")

apt_here() {
    apt-get -qq -o Dir::Etc::SourceList="$folder/sources.list" -o Dir::Etc::SourceParts=/nowhere \
        -o Dir::State::Lists="$folder/lists" -o Dir::Cache="$folder/cache" -o APT::Sandbox::User=root "$@"
}

cd "$folder"
mkdir -p lists/partial cache/archives/partial
. /etc/os-release
echo "deb-src http://deb.debian.org/debian $VERSION_CODENAME main" >sources.list
apt_here update >apt.log 2>&1
apt_here source --download-only --tar-only curl >>apt.log 2>&1
mkdir -p curl
tar -xf curl_*.orig.tar.* -C curl --strip-components=1
gcc "${include[@]}" -Wall -Wextra -c "$here/port.c" -o port.o
cd curl
./configure --without-ssl --disable-shared --disable-ldap --without-brotli --without-zstd --without-libpsl --without-nghttp2 \
    --without-librtmp --without-libidn2 --without-zlib --disable-manual >../configure.log 2>&1
# unsigned long where Windows has 32 bits is all that gcc has to say.
make -j "$(nproc)" CFLAGS="-O1 -g -Wno-incompatible-pointer-types ${include[*]} -include $here/port.h" \
    LIBS="$folder/port.o -L$library -lsspi -Wl,-rpath,$library" >../make.log 2>&1
echo "$folder/curl/src/curl"
