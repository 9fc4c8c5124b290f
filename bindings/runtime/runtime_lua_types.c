/* The userdata of the Lua module: credentials, contexts, account stores and memory that a package allocated.
 * Made by runtime_lua_module.c. */
#include "runtime_lua.h"

#include <string.h>

static const char *const kind_names[] = {"sspi.CredHandle", "sspi.CtxtHandle", "sspi.AccountStore"};
#define BUFFER_NAME "sspi.ContextBuffer"
#define ATTRIBUTE_NAME "sspi.Attribute"

/* ---- Handles ---- */

SecHandle *slua_handle_pointer(struct slua_handle *handle)
{
    return handle ? &handle->value.handle : NULL;
}

struct slua_handle *slua_handle_new(struct slua_call *call, enum sspi_kind kind)
{
    struct slua_handle *handle = lua_newuserdata(call->L, sizeof *handle);

    memset(handle, 0, sizeof *handle);
    handle->state = call->state;
    handle->kind = kind;
    sspi_guard_init_closed(&handle->guard);
    lua_pushvalue(call->L, lua_upvalueindex(2 + (int)kind));
    lua_setmetatable(call->L, -2);
    if (kind != SSPI_KIND_CONTEXT) {
        lua_createtable(call->L, 0, 2);
        lua_setuservalue(call->L, -2);
    }
    return handle;
}

void slua_handle_open(struct slua_handle *handle, union sspi_value value)
{
    handle->value = value;
    sspi_guard_open(&handle->guard);
}

void slua_handle_keep(struct slua_call *call, int keeper, int kept)
{
    lua_State *L = call->L;
    struct slua_handle *handle = lua_touserdata(L, keeper);

    if (lua_isnil(L, kept))
        return;
    if (handle->kind != SSPI_KIND_CONTEXT) {
        lua_getuservalue(L, keeper);
        lua_pushvalue(L, kept);
        lua_setfield(L, -2, "keep");
        lua_pop(L, 1);
        return;
    }
#if LUA_VERSION_NUM < 503
    lua_createtable(L, 1, 0);
    lua_pushvalue(L, kept);
    lua_rawseti(L, -2, 1);
#else
    lua_pushvalue(L, kept);
#endif
    lua_setuservalue(L, keeper);
}

static void handle_close(struct slua_handle *handle)
{
    if (sspi_guard_close(&handle->guard))
        sspi_value_free(handle->kind, &handle->value);
}

/* A call without a function of its own, so that an event on the way finds this state. A context's end sends none. */
static void handle_close_called(lua_State *L, struct slua_handle *handle)
{
    struct slua_call call = {.L = L, .function = "close"};

    if (handle->kind == SSPI_KIND_CONTEXT) {
        handle_close(handle);
        return;
    }
    lua_getfield(L, LUA_REGISTRYINDEX, "sspi.state");
    call.state = lua_touserdata(L, -1);
    lua_pop(L, 1);
    if (!call.state) {
        handle_close(handle);
        return;
    }
    slua_call_enter(&call);
    handle_close(handle);
    slua_call_leave(&call);
}

/* The object of a method, whose metatable is its upvalue. */
static void *method_self(lua_State *L)
{
    if (lua_type(L, 1) != LUA_TUSERDATA || !lua_getmetatable(L, 1) || !lua_rawequal(L, -1, lua_upvalueindex(1)))
        luaL_error(L, "the method was called on another kind of object");
    lua_pop(L, 1);
    return lua_touserdata(L, 1);
}

static int handle_method_close(lua_State *L)
{
    handle_close_called(L, method_self(L));
    return 0;
}

static int handle_method_gc(lua_State *L)
{
    struct slua_handle *handle = method_self(L);

    if (!sspi_guard_closed(&handle->guard))
        handle_close_called(L, handle);
    slua_cell_discard(handle->cell);
    handle->cell = NULL;
    return 0;
}

static int handle_method_closed(lua_State *L)
{
    struct slua_handle *handle = method_self(L);

    lua_pushboolean(L, sspi_guard_closed(&handle->guard));
    return 1;
}

static int handle_method_tostring(lua_State *L)
{
    struct slua_handle *handle = method_self(L);

    lua_pushfstring(L, "%s (%s): %p", kind_names[handle->kind], sspi_guard_closed(&handle->guard) ? "closed" : "open",
                    (void *)handle);
    return 1;
}

static const luaL_Reg handle_meta[] = {
    {"__gc", handle_method_gc}, {"__close", handle_method_close}, {"__tostring", handle_method_tostring}, {NULL, NULL}};
static const luaL_Reg handle_methods[] = {
    {"close", handle_method_close}, {"closed", handle_method_closed}, {NULL, NULL}};

static int release_refused(lua_State *L, const char *function, const char *name, const char *expected)
{
    return luaL_error(L, "%s: argument '%s' must be %s, not %s", function, name, expected, luaL_typename(L, 1));
}

/* The userdata at 1 if its metatable is `upvalue` of the running function. */
static void *released_object(lua_State *L, int upvalue)
{
    void *object = NULL;

    if (lua_type(L, 1) == LUA_TUSERDATA && lua_getmetatable(L, 1)) {
        if (lua_rawequal(L, -1, lua_upvalueindex(upvalue)))
            object = lua_touserdata(L, 1);
        lua_pop(L, 1);
    }
    return object;
}

int slua_release_handle(lua_State *L, const char *function, const char *name, enum sspi_kind kind, bool optional)
{
    struct slua_handle *handle = released_object(L, 2 + (int)kind);

    if (!handle && !(optional && lua_isnoneornil(L, 1)))
        return release_refused(L, function, name, kind_names[kind] + sizeof "sspi." - 1);
    if (handle)
        handle_close_called(L, handle);
    lua_pushboolean(L, 1);
    return 1;
}

/* ---- Memory that a package allocated ---- */

struct slua_buffer *slua_buffer_new(struct slua_call *call)
{
    struct slua_buffer *buffer = lua_newuserdata(call->L, sizeof *buffer);

    *buffer = (struct slua_buffer){NULL, 0, false};
    lua_pushvalue(call->L, lua_upvalueindex(SLUA_UPVALUES));
    lua_setmetatable(call->L, -2);
    return buffer;
}

static void buffer_free(struct slua_buffer *buffer)
{
    void *data = buffer->data;

    buffer->data = NULL;
    buffer->size = 0;
    buffer->closed = true;
    if (data)
        (void)FreeContextBuffer(data);
}

static int buffer_method_close(lua_State *L)
{
    buffer_free(method_self(L));
    return 0;
}

static int buffer_method_length(lua_State *L)
{
    struct slua_buffer *buffer = method_self(L);

    slua_push_number(L, buffer->size);
    return 1;
}

static int buffer_method_tostring(lua_State *L)
{
    struct slua_buffer *buffer = method_self(L);

    if (buffer->closed)
        return luaL_error(L, "the ContextBuffer is closed");
    lua_pushlstring(L, buffer->data ? buffer->data : "", buffer->size);
    return 1;
}

static int buffer_method_closed(lua_State *L)
{
    struct slua_buffer *buffer = method_self(L);

    lua_pushboolean(L, buffer->closed);
    return 1;
}

static const luaL_Reg buffer_meta[] = {{"__gc", buffer_method_close},
                                       {"__close", buffer_method_close},
                                       {"__len", buffer_method_length},
                                       {"__tostring", buffer_method_tostring},
                                       {NULL, NULL}};
static const luaL_Reg buffer_methods[] = {
    {"close", buffer_method_close}, {"closed", buffer_method_closed}, {NULL, NULL}};

int slua_release_buffer(lua_State *L, const char *function, const char *name)
{
    struct slua_buffer *buffer = released_object(L, SLUA_UPVALUES);

    if (!buffer && !lua_isnoneornil(L, 1))
        return release_refused(L, function, name, "ContextBuffer or nil");
    if (buffer)
        buffer_free(buffer);
    lua_pushboolean(L, 1);
    return 1;
}

/* ---- Attribute structures on their way to a table ---- */

struct slua_attribute *slua_attribute_new(struct slua_call *call, const struct sspi_row *row,
                                          struct slua_attribute *room)
{
    struct slua_attribute *attribute = room;

    if (!row->owns) {
        memset(room, 0, offsetof(struct slua_attribute, room) + row->size);
        room->row = row;
        return room;
    }
    attribute = lua_newuserdata(call->L, sizeof *attribute);
    memset(attribute, 0, sizeof *attribute);
    attribute->row = row;
    lua_getfield(call->L, LUA_REGISTRYINDEX, ATTRIBUTE_NAME);
    lua_setmetatable(call->L, -2);
    return attribute;
}

static int attribute_method_gc(lua_State *L)
{
    struct slua_attribute *attribute = method_self(L);

    sspi_row_free(attribute->row, &attribute->room);
    memset(&attribute->room, 0, sizeof attribute->room);
    return 0;
}

static const luaL_Reg attribute_meta[] = {{"__gc", attribute_method_gc}, {NULL, NULL}};
static const luaL_Reg no_methods[] = {{NULL, NULL}};

/* ---- Metatables ---- */

/* Adds functions whose upvalue is the metatable at `meta` to the table on top. */
static void add_methods(lua_State *L, int meta, const luaL_Reg *methods)
{
    for (; methods->name; methods++) {
        lua_pushvalue(L, meta);
        lua_pushcclosure(L, methods->func, 1);
        lua_setfield(L, -2, methods->name);
    }
}

/* Pushes a new metatable. Scripts cannot reach it. */
static const void *metatable(lua_State *L, const char *name, const luaL_Reg *meta, const luaL_Reg *methods)
{
    int index;

    lua_newtable(L);
    index = lua_gettop(L);
    add_methods(L, index, meta);
    lua_newtable(L);
    add_methods(L, index, methods);
    lua_setfield(L, index, "__index");
    lua_pushstring(L, name);
    lua_setfield(L, index, "__name");
    lua_pushboolean(L, 0);
    lua_setfield(L, index, "__metatable");
    return lua_topointer(L, index);
}

void slua_types_make(lua_State *L, const struct slua_module *module)
{
    struct slua_state *state = lua_newuserdata(L, sizeof *state);

    memset(state, 0, sizeof *state);
    state->module = module;
    lua_pushvalue(L, -1);
    lua_setfield(L, LUA_REGISTRYINDEX, "sspi.state");
    for (int kind = 0; kind < 3; kind++)
        (void)metatable(L, kind_names[kind], handle_meta, handle_methods);
    state->buffer = metatable(L, BUFFER_NAME, buffer_meta, buffer_methods);
    state->pending = lua_newuserdata(L, sizeof *state->pending);
    *state->pending = (struct slua_buffer){NULL, 0, false};
    lua_pushvalue(L, -2);
    lua_setmetatable(L, -2);
    lua_setfield(L, LUA_REGISTRYINDEX, "sspi.pending");
    (void)metatable(L, ATTRIBUTE_NAME, attribute_meta, no_methods);
    lua_setfield(L, LUA_REGISTRYINDEX, ATTRIBUTE_NAME);
    lua_newtable(L);
    lua_newtable(L);
    lua_pushliteral(L, "v");
    lua_setfield(L, -2, "__mode");
    lua_setmetatable(L, -2);
    lua_setfield(L, LUA_REGISTRYINDEX, "sspi.cells");
}
