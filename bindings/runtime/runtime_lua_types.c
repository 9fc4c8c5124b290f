/* The userdata of the Lua module: credentials, contexts, account stores and memory that a package allocated.
 * Made by runtime_lua_module.c. */
#include "runtime_lua.h"

#include <stddef.h>
#include <string.h>

static const char *const kind_names[] = {"sspi.CredHandle", "sspi.CtxtHandle", "sspi.AccountStore"};
#define BUFFER_NAME "sspi.ContextBuffer"
#define ATTRIBUTE_NAME "sspi.Attribute"

/* ---- Handles ---- */

struct slua_handle *slua_handle_new(struct slua_call *call, enum sspi_kind kind)
{
    struct slua_handle *handle = lua_newuserdata(call->L, sizeof *handle);

    memset(handle, 0, sizeof *handle);
    handle->type = &call->state->types[kind];
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

void slua_handle_keep(struct slua_call *call, struct slua_handle *keeper, int keeper_index,
                      const struct slua_handle *kept, int kept_index)
{
    lua_State *L = call->L;

    if (!kept || keeper->kept == kept)
        return;
    if (keeper->type->kind != SSPI_KIND_CONTEXT) {
        lua_getuservalue(L, keeper_index);
        lua_pushvalue(L, kept_index);
        lua_setfield(L, -2, "keep");
        lua_pop(L, 1);
        return;
    }
#if LUA_VERSION_NUM < 503
    lua_createtable(L, 1, 0);
    lua_pushvalue(L, kept_index);
    lua_rawseti(L, -2, 1);
#else
    lua_pushvalue(L, kept_index);
#endif
    lua_setuservalue(L, keeper_index);
    keeper->kept = kept;
}

static void handle_close(struct slua_handle *handle)
{
    if (sspi_guard_close(&handle->guard))
        sspi_value_free(handle->type->kind, &handle->value);
}

/* A call without a function of its own, so that an event on the way finds this state. A context's end sends none. */
static void handle_close_called(lua_State *L, struct slua_handle *handle)
{
    struct slua_call call;

    if (handle->type->kind == SSPI_KIND_CONTEXT) {
        handle_close(handle);
        return;
    }
    slua_call_plain(&call, L, handle->type->state);
    slua_call_enter(&call);
    handle_close(handle);
    slua_call_leave(&call);
}

/* The object of a method of handles, whose upvalues are their type and the metatable of those that are closed. */
static struct slua_handle *method_handle(lua_State *L)
{
    struct slua_handle *handle = slua_handle_at(L, 1, lua_touserdata(L, lua_upvalueindex(1)));

    if (!handle)
        luaL_error(L, "the method was called on another kind of object");
    return handle;
}

/* The object of a method of other objects, whose metatable is its upvalue. */
static void *method_self(lua_State *L)
{
    if (lua_type(L, 1) != LUA_TUSERDATA || !lua_getmetatable(L, 1) || !lua_rawequal(L, -1, lua_upvalueindex(1)))
        luaL_error(L, "the method was called on another kind of object");
    lua_pop(L, 1);
    return lua_touserdata(L, 1);
}

/* A closed context has nothing left for the collector to call: it takes the metatable without a finalizer. */
static int handle_method_close(lua_State *L)
{
    struct slua_handle *handle = method_handle(L);

    handle_close_called(L, handle);
    if (handle->type->kind == SSPI_KIND_CONTEXT) {
        lua_pushvalue(L, lua_upvalueindex(2));
        lua_setmetatable(L, 1);
    }
    return 0;
}

static int handle_method_gc(lua_State *L)
{
    struct slua_handle *handle = method_handle(L);

    if (!sspi_guard_closed(&handle->guard))
        handle_close_called(L, handle);
    slua_cell_discard(handle->cell);
    handle->cell = NULL;
    return 0;
}

static int handle_method_closed(lua_State *L)
{
    struct slua_handle *handle = method_handle(L);

    lua_pushboolean(L, sspi_guard_closed(&handle->guard));
    return 1;
}

static int handle_method_tostring(lua_State *L)
{
    struct slua_handle *handle = method_handle(L);

    lua_pushfstring(L, "%s (%s): %p", kind_names[handle->type->kind],
                    sspi_guard_closed(&handle->guard) ? "closed" : "open", (void *)handle);
    return 1;
}

static const luaL_Reg handle_finalizer[] = {{"__gc", handle_method_gc}, {NULL, NULL}};
static const luaL_Reg handle_meta[] = {
    {"__close", handle_method_close}, {"__tostring", handle_method_tostring}, {NULL, NULL}};
static const luaL_Reg handle_methods[] = {
    {"close", handle_method_close}, {"closed", handle_method_closed}, {NULL, NULL}};

static int release_refused(lua_State *L, const char *function, const char *name, const char *expected)
{
    return luaL_error(L, "%s: argument '%s' must be %s, not %s", function, name, expected, luaL_typename(L, 1));
}

int slua_release_handle(lua_State *L, const char *function, const char *name, enum sspi_kind kind, bool optional)
{
    struct slua_state *state = lua_touserdata(L, lua_upvalueindex(1));
    struct slua_handle *handle = slua_handle_at(L, 1, &state->types[kind]);

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
    struct slua_buffer *buffer = NULL;

    if (lua_type(L, 1) == LUA_TUSERDATA && lua_getmetatable(L, 1)) {
        if (lua_rawequal(L, -1, lua_upvalueindex(SLUA_UPVALUES)))
            buffer = lua_touserdata(L, 1);
        lua_pop(L, 1);
    }
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

/* Adds functions to the table on top, each with the values at `first` and `second` as upvalues. */
static void add_methods(lua_State *L, const luaL_Reg *methods, int first, int second)
{
    for (; methods->name; methods++) {
        lua_pushvalue(L, first);
        lua_pushvalue(L, second);
        lua_pushcclosure(L, methods->func, 2);
        lua_setfield(L, -2, methods->name);
    }
}

/* Fills the new metatable at `index`. Scripts cannot reach it. */
static void metatable_fill(lua_State *L, int index, const char *name)
{
    lua_pushstring(L, name);
    lua_setfield(L, index, "__name");
    lua_pushboolean(L, 0);
    lua_setfield(L, index, "__metatable");
}

/* Pushes a new metatable, which is an upvalue of its methods. */
static const void *metatable(lua_State *L, const char *name, const luaL_Reg *meta, const luaL_Reg *methods)
{
    int index;

    lua_newtable(L);
    index = lua_gettop(L);
    add_methods(L, meta, index, index);
    lua_newtable(L);
    add_methods(L, methods, index, index);
    lua_setfield(L, index, "__index");
    metatable_fill(L, index, name);
    return lua_topointer(L, index);
}

/* Pushes the metatable of one kind of handle. It, and that of closed ones, keep the state at `state`, which the type is
 * part of. */
static void handle_metatable(lua_State *L, int state, struct slua_type *type)
{
    int light = lua_gettop(L) + 1, methods = light + 1, closed = light + 2, open = light + 3;

    lua_pushlightuserdata(L, type);
    lua_newtable(L);
    lua_newtable(L);
    lua_newtable(L);
    lua_pushvalue(L, methods);
    add_methods(L, handle_methods, light, closed);
    lua_pop(L, 1);
    for (int index = closed; index <= open; index++) {
        lua_pushvalue(L, index);
        add_methods(L, handle_meta, light, closed);
        lua_pop(L, 1);
        lua_pushvalue(L, methods);
        lua_setfield(L, index, "__index");
        lua_pushvalue(L, state);
        lua_rawseti(L, index, 1);
        metatable_fill(L, index, kind_names[type->kind]);
    }
    add_methods(L, handle_finalizer, light, closed);
    lua_replace(L, light);
    lua_settop(L, light);
}

/* The object that owns memory while a string is made of it; the metatable of buffers is on top. */
static struct slua_buffer *pending_make(lua_State *L)
{
    struct slua_buffer *pending = lua_newuserdata(L, sizeof *pending);

    *pending = (struct slua_buffer){NULL, 0, false};
    lua_pushvalue(L, -2);
    lua_setmetatable(L, -2);
    lua_setfield(L, LUA_REGISTRYINDEX, "sspi.pending");
    return pending;
}

void slua_types_make(lua_State *L, const struct slua_module *module)
{
    struct slua_state *state = lua_newuserdata(L, sizeof *state);
    int index = lua_gettop(L);

    memset(state, 0, offsetof(struct slua_state, output));
    state->module = module;
    lua_pushvalue(L, -1);
    lua_setfield(L, LUA_REGISTRYINDEX, "sspi.state");
    for (int kind = 0; kind < 3; kind++) {
        state->types[kind] = (struct slua_type){state, (enum sspi_kind)kind};
        handle_metatable(L, index, &state->types[kind]);
    }
    state->buffer = metatable(L, BUFFER_NAME, buffer_meta, buffer_methods);
    state->pending = pending_make(L);
    (void)metatable(L, ATTRIBUTE_NAME, attribute_meta, no_methods);
    lua_setfield(L, LUA_REGISTRYINDEX, ATTRIBUTE_NAME);
    lua_newtable(L);
    lua_newtable(L);
    lua_pushliteral(L, "v");
    lua_setfield(L, -2, "__mode");
    lua_setmetatable(L, -2);
    lua_setfield(L, LUA_REGISTRYINDEX, "sspi.cells");
}
