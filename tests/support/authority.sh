#!/bin/sh
# A certificate authority for tests: FOLDER/ca.pem, and for each NAME FOLDER/NAME.pem, certificate and key of a server.
#
#   authority.sh FOLDER NAME...
set -eu

folder=$1
shift
cd "$folder"
umask 077
make() {
    openssl "$@" > openssl.log 2>&1 || { cat openssl.log >&2; exit 1; }
}
[ -f ca.pem ] || make req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ca.key -out ca.pem -days 2 \
    -subj "/CN=Authority of the tests"
for name in "$@"; do
    printf 'subjectAltName=DNS:%s\nextendedKeyUsage=serverAuth,clientAuth\n' "$name" > extensions
    make req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$name.key" -out "$name.csr" -subj "/CN=$name"
    make x509 -req -in "$name.csr" -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile extensions -out "$name.crt"
    cat "$name.crt" "$name.key" > "$name.pem"
done
