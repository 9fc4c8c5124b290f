# shellcheck shell=bash disable=SC2317
# Lets Python and Lua find the modules of a build folder:  . tests/support/env.sh BUILD_DIR
# Python: PYTHONPATH (run /usr/bin/python3 or any 3.11 and later).  Lua: LUA_PATH and LUA_CPATH, per version.
if [ -z "${1:-}" ] || [ ! -d "$1" ]; then
  echo "usage: . tests/support/env.sh BUILD_DIR" >&2
  return 2 2>/dev/null || exit 2
fi
sspi_build=$(cd "$1" && pwd)
sspi_source=$(cd "$(dirname "${BASH_SOURCE[0]:-$0}")/../.." && pwd)
export PYTHONPATH="$sspi_build/python${PYTHONPATH:+:$PYTHONPATH}"
for sspi_version in 4 3; do
  export "LUA_PATH_5_$sspi_version=$sspi_source/lua/?.lua;;"
  export "LUA_CPATH_5_$sspi_version=$sspi_build/lua/5.$sspi_version/?.so;;"
done
unset sspi_build sspi_source sspi_version
