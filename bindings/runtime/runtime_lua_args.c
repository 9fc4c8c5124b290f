/* Arguments of a generated Lua function: each is taken as what its shape says, or refused with its name.
 * Called by the generated module. */
#include "runtime_lua.h"

#include <string.h>

static const char *const kind_names[] = {"CredHandle", "CtxtHandle", "AccountStore"};

static void wrong_type(struct slua_call *call, int index, const char *name, const char *expected, bool optional)
{
    luaL_error(call->L, "%s: argument '%s' must be %s%s, not %s", call->function, name, expected,
               optional ? " or nil" : "", lua_isnil(call->L, index) ? "nil" : luaL_typename(call->L, index));
}

static void wrong_value(struct slua_call *call, const char *name, const char *problem)
{
    luaL_error(call->L, "%s: argument '%s' %s", call->function, name, problem);
}

/* The userdata at `index` if its metatable is the given one; NULL. */
static void *object_of(lua_State *L, int index, const void *metatable)
{
    bool same;

    if (lua_type(L, index) != LUA_TUSERDATA || !lua_getmetatable(L, index))
        return NULL;
    same = lua_topointer(L, -1) == metatable;
    lua_pop(L, 1);
    return same ? lua_touserdata(L, index) : NULL;
}

/* A context is locked while one of its own callbacks runs. */
static bool in_own_callback(const struct slua_call *call, const struct slua_handle *handle)
{
    for (call = call->outer; call; call = call->outer) {
        for (unsigned i = 0; i < call->handles_used; i++) {
            if (call->handles[i] == handle && handle->type->kind == SSPI_KIND_CONTEXT)
                return true;
        }
    }
    return false;
}

struct slua_handle *slua_take_handle(struct slua_call *call, int index, const char *name, enum sspi_kind kind,
                                     bool optional)
{
    struct slua_handle *handle = slua_handle_at(call->L, index, &call->state->types[kind]);

    if (!handle && optional && lua_isnil(call->L, index))
        return NULL;
    if (!handle) {
        wrong_type(call, index, name, kind_names[kind], optional);
        return NULL;
    }
    if (in_own_callback(call, handle))
        wrong_value(call, name, "is in use by the call that this callback belongs to");
    if (sspi_guard_closed(&handle->guard))
        wrong_value(call, name, "is closed");
    call->handles[call->handles_used++] = handle;
    return handle;
}

const char *slua_take_text(struct slua_call *call, int index, const char *name, bool optional)
{
    const char *text;
    size_t size;

    if (optional && lua_isnil(call->L, index))
        return NULL;
    if (lua_type(call->L, index) != LUA_TSTRING)
        wrong_type(call, index, name, "a string", optional);
    text = lua_tolstring(call->L, index, &size);
    if (strlen(text) != size)
        wrong_value(call, name, "holds a null character");
    return text;
}

/* A number without a fraction that fits 32 bits. */
static bool fits(lua_Number number, bool is_signed)
{
    lua_Number least = is_signed ? (lua_Number)INT32_MIN : 0;

    return number >= least && number <= (lua_Number)UINT32_MAX && number == (lua_Number)(int64_t)number;
}

ULONG slua_take_any_number(struct slua_call *call, int index, const char *name, bool is_signed)
{
    lua_Number number;

    if (lua_type(call->L, index) != LUA_TNUMBER)
        wrong_type(call, index, name, "a number", false);
    number = lua_tonumber(call->L, index);
    if (!fits(number, is_signed))
        wrong_value(call, name, "is not a whole number of 32 bits");
    return (ULONG)(int64_t)number;
}

BOOL slua_take_flag(struct slua_call *call, int index, const char *name)
{
    if (lua_type(call->L, index) != LUA_TBOOLEAN)
        wrong_type(call, index, name, "a boolean", false);
    return lua_toboolean(call->L, index);
}

/* A string or a ContextBuffer at `index`; false for any other value. */
static bool data_at(struct slua_call *call, int index, const char *name, const void **data, ULONG *size)
{
    struct slua_buffer *buffer;
    size_t length;

    if (lua_type(call->L, index) == LUA_TSTRING) {
        *data = lua_tolstring(call->L, index, &length);
    } else {
        buffer = object_of(call->L, index, call->state->buffer);
        if (!buffer)
            return false;
        if (buffer->closed)
            wrong_value(call, name, "is closed");
        *data = buffer->data;
        length = buffer->size;
    }
    if (length > UINT32_MAX)
        wrong_value(call, name, "is larger than 4 GiB");
    *size = (ULONG)length;
    return true;
}

const void *slua_take_bytes(struct slua_call *call, int index, const char *name, bool optional, ULONG *size)
{
    const void *data = NULL;

    *size = 0;
    if (optional && lua_isnil(call->L, index))
        return NULL;
    if (!data_at(call, index, name, &data, size))
        wrong_type(call, index, name, "a string", optional);
    return data;
}

void slua_take_identity(struct slua_call *call, int index, const char *name, struct sspi_identity *identity)
{
    static const char *const parts[] = {"user", "domain", "password"};
    lua_State *L = call->L;

    memset(identity, 0, sizeof *identity);
    if (lua_isnil(L, index))
        return;
    if (!lua_istable(L, index))
        wrong_type(call, index, name, "a table with user, domain, password", true);
    for (int part = 0; part < 3; part++) {
        const char *text;
        size_t size;

        lua_getfield(L, index, parts[part]); /* stays on the stack: the text is borrowed until the call ends */
        if (lua_isnil(L, -1))
            continue;
        if (lua_type(L, -1) != LUA_TSTRING)
            luaL_error(L, "%s: argument '%s': '%s' must be a string, not %s", call->function, name, parts[part],
                       luaL_typename(L, -1));
        text = lua_tolstring(L, -1, &size);
        if (size > UINT32_MAX)
            wrong_value(call, name, "is larger than 4 GiB");
        sspi_identity_set(identity, part, text, (ULONG)size);
    }
}

/* ---- Buffers ---- */

static bool is_written(int writable, ULONG type)
{
    if (type == SECBUFFER_EMPTY || type & (SECBUFFER_READONLY | SECBUFFER_READONLY_WITH_CHECKSUM))
        return false;
    return writable == 1 || (writable == 2 && type != SECBUFFER_DATA);
}

/* Memory that libsspi may write, as a userdata that stays on the stack: a copy of the data, or room. */
static void add_scratch(struct slua_call *call, ULONG type, const void *data, ULONG size, struct slua_buffers *buffers)
{
    ULONG i = buffers->common.desc.cBuffers;
    void *scratch = lua_newuserdata(call->L, size ? size : 1);

    if (data && size)
        memcpy(scratch, data, size);
    else
        memset(scratch, 0, size ? size : 1);
    buffers->objects[i] = lua_gettop(call->L);
    sspi_buffers_add(&buffers->common, type, scratch, size);
}

static ULONG number_at(struct slua_call *call, int index, const char *name, const char *what)
{
    lua_Number number = lua_type(call->L, index) == LUA_TNUMBER ? lua_tonumber(call->L, index) : -1;

    if (!fits(number, false))
        luaL_error(call->L, "%s: argument '%s': %s must be a whole number of 32 bits", call->function, name, what);
    return (ULONG)(int64_t)number;
}

/* The item {type, data} on top of the stack; its data stays there. */
static void take_pair(struct slua_call *call, const char *name, int writable, struct slua_buffers *buffers)
{
    lua_State *L = call->L;
    const void *data = NULL;
    ULONG type, size = 0;
    bool written;

    if (!lua_istable(L, -1))
        luaL_error(L, "%s: argument '%s' must hold tables {type, data}", call->function, name);
    lua_rawgeti(L, -1, 1);
    type = number_at(call, -1, name, "the type of a buffer");
    lua_pop(L, 1);
    lua_rawgeti(L, -1, 2);
    lua_remove(L, -2);
    written = is_written(writable, type);
    if (written && lua_type(L, -1) == LUA_TNUMBER)
        size = number_at(call, -1, name, "the room of a buffer");
    else if (!data_at(call, -1, name, &data, &size))
        luaL_error(L, "%s: argument '%s': a buffer's data must be a string%s, not %s", call->function, name,
                   written ? " or a size" : "", luaL_typename(L, -1));
    if (written) {
        add_scratch(call, type, data, size, buffers);
        return;
    }
    buffers->objects[buffers->common.desc.cBuffers] = 0;
    sspi_buffers_add(&buffers->common, type, (void *)(uintptr_t)data, size);
}

static int list_length(struct slua_call *call, int index, const char *name)
{
    size_t count = lua_rawlen(call->L, index);

    if (count > SSPI_BUFFERS_MAX)
        wrong_value(call, name, "holds more than 16 buffers");
    luaL_checkstack(call->L, 2 * (int)count + SLUA_STACK, call->function);
    return (int)count;
}

static void take_list(struct slua_call *call, int index, const char *name, int writable, struct slua_buffers *buffers)
{
    int count = list_length(call, index, name);

    buffers->listed = true;
    for (int i = 1; i <= count; i++) {
        lua_rawgeti(call->L, index, i);
        take_pair(call, name, writable, buffers);
    }
}

void slua_take_buffers(struct slua_call *call, int index, const char *name, bool optional, int writable,
                       struct slua_buffers *buffers)
{
    const void *data = NULL;
    ULONG size;
    int type = lua_type(call->L, index);

    sspi_buffers_init(&buffers->common);
    buffers->own = false;
    buffers->listed = false;
    if (type == LUA_TNIL && optional)
        return;
    if (type == LUA_TTABLE) {
        take_list(call, index, name, writable, buffers);
        return;
    }
    if (!data_at(call, index, name, &data, &size))
        wrong_type(call, index, name, "a string or a list of {type, data}", optional);
    if (is_written(writable, SECBUFFER_TOKEN)) {
        add_scratch(call, SECBUFFER_TOKEN, data, size, buffers);
        return;
    }
    buffers->objects[0] = 0;
    sspi_buffers_add(&buffers->common, SECBUFFER_TOKEN, (void *)(uintptr_t)data, size);
}

/* A buffer that the package allocates, with the object that will own it. */
static void add_allocated(struct slua_call *call, ULONG type, struct slua_buffers *buffers)
{
    ULONG i = buffers->common.desc.cBuffers;

    (void)slua_buffer_new(call);
    buffers->objects[i] = lua_gettop(call->L);
    buffers->common.allocated |= 1u << i;
    sspi_buffers_add(&buffers->common, type, NULL, 0);
}

/* A call from a callback leaves the state's room to the call that it interrupts. */
static bool own_room_free(const struct slua_call *call)
{
#if LUA_VERSION_NUM >= 503
    return !call->outer;
#else
    (void)call;
    return false; /* making a string runs the collector first, whose finalizers may use the room */
#endif
}

void slua_take_output(struct slua_call *call, int index, const char *name, struct slua_buffers *buffers)
{
    lua_State *L = call->L;
    int count;

    sspi_buffers_init(&buffers->common);
    buffers->listed = !lua_isnil(L, index);
    buffers->own = !buffers->listed && own_room_free(call);
    if (buffers->own) {
        sspi_buffers_add(&buffers->common, SECBUFFER_TOKEN, call->state->output, SLUA_OUTPUT_ROOM);
        return;
    }
    if (!buffers->listed) {
        buffers->common.allocated = 1;
        sspi_buffers_add(&buffers->common, SECBUFFER_TOKEN, NULL, 0);
        return;
    }
    if (!lua_istable(L, index))
        wrong_type(call, index, name, "a list of buffer types or of {type, size}", true);
    count = list_length(call, index, name);
    for (int i = 1; i <= count; i++) {
        lua_rawgeti(L, index, i);
        if (lua_type(L, -1) == LUA_TNUMBER)
            add_allocated(call, number_at(call, -1, name, "the type of a buffer"), buffers);
        else
            take_pair(call, name, 1, buffers);
    }
    if (sspi_buffers_mixed(&buffers->common))
        wrong_value(call, name, "leaves one buffer to the package and has room for a token or an alert");
}

bool slua_output_again(struct slua_buffers *buffers, SECURITY_STATUS status)
{
    if (status != SEC_E_BUFFER_TOO_SMALL || !buffers->own)
        return false;
    buffers->own = false;
    buffers->common.allocated = 1;
    buffers->common.buffers[0] = (SecBuffer){0, SECBUFFER_TOKEN, NULL};
    return true;
}

const struct sspi_row *slua_take_attribute(struct slua_call *call, const char *name, const struct sspi_attribute *table,
                                           ULONG number)
{
    const struct sspi_row *row = sspi_attribute_find(table, number);

    if (!row)
        wrong_value(call, name, "is not the number of an attribute with a structure that scripts can read");
    return row;
}
