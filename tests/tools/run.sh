#!/bin/sh
# Tests of the command-line programs of a build: SSPI_BUILD (default: build/release).
here=$(cd "$(dirname "$0")" && pwd)
exec "$here/test_sspi_accounts.sh" "${SSPI_BUILD:-$here/../../build/release}/core/tools/sspi-accounts"
