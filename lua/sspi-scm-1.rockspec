-- Builds libsspi, the Lua module and its layer with CMake, from the project's folder:
--     luarocks make lua/sspi-scm-1.rockspec
-- It needs what the C library needs: see the README.
rockspec_format = "3.0"
package = "sspi"
version = "scm-1"
source = { url = "git+file://." }
description = {
    summary = "Windows' Security Support Provider Interface for Linux: NTLM, Kerberos, Negotiate and TLS",
    license = "Apache-2.0",
}
dependencies = { "lua >= 5.3, < 5.5" }
build = {
    type = "command",
    build_command = "cmake -S . -B build/rock -DCMAKE_BUILD_TYPE=Release -DSSPI_BUILD_TESTS=OFF -DSSPI_BUILD_PYTHON=OFF"
        .. " -DSSPI_WERROR=OFF -DCMAKE_INSTALL_SYSCONFDIR=/etc"
        .. " -DSSPI_LUA_ROCK=`$(LUA) -e 'io.write(_VERSION:sub(5))'` -DSSPI_LUA_ROCK_MODULES=$(LIBDIR) -DSSPI_LUA_ROCK_SOURCES=$(LUADIR)"
        .. " && cmake --build build/rock",
    install_command = "cmake --install build/rock --component rock",
}
