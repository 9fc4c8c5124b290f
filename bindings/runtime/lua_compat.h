/* The differences between Lua 5.4, 5.3 and LuaJIT (5.1) that the Lua runtime meets. Included by runtime_lua.h only. */
#ifndef SSPI_LUA_COMPAT_H
#define SSPI_LUA_COMPAT_H

#include <lauxlib.h>
#include <lua.h>

#if LUA_VERSION_NUM < 502
#define lua_rawlen(L, index) lua_objlen(L, index)
#define lua_getuservalue(L, index) lua_getfenv(L, index)
#define lua_setuservalue(L, index) lua_setfenv(L, index)
#define LUA_OK 0
static inline int slua_absindex(lua_State *L, int index)
{
    return index > 0 || index <= LUA_REGISTRYINDEX ? index : lua_gettop(L) + index + 1;
}
#define lua_absindex(L, index) slua_absindex(L, index)
#endif

/* A warning, where the version has them; the standard error otherwise. */
#if LUA_VERSION_NUM >= 504
#define slua_warning(L, text) (lua_warning(L, "sspi: ", 1), lua_warning(L, text, 0))
#else
#include <stdio.h>
#define slua_warning(L, text) ((void)(L), (void)fprintf(stderr, "sspi: %s\n", text))
#endif

#endif
