/* Results of a generated Lua function, and the module itself: its functions, types and constants.
 * Called by the generated module. */
#include "runtime_lua.h"

#include <string.h>

/* Frees what a holder still has; its object stays, empty. */
static void holder_empty(struct slua_buffer *holder)
{
    void *data = holder->data;

    holder->data = NULL;
    holder->size = 0;
    if (data)
        (void)FreeContextBuffer(data);
}

/* Making a string can fail for want of memory, and can run finalizers that call this module: the memory belongs to the
 * pending object meanwhile, and a call in between may free it, as the string is made by then. */
void slua_push_taken(struct slua_call *call, void *data, size_t size)
{
    struct slua_buffer *pending = call->state->pending;

    if (!data) {
        lua_pushnil(call->L);
        return;
    }
    holder_empty(pending);
    pending->data = data;
    lua_pushlstring(call->L, data, size);
    if (pending->data == data)
        holder_empty(pending);
}

void slua_push_text(struct slua_call *call, char *text)
{
    slua_push_taken(call, text, text ? strlen(text) : 0);
}

/* ---- Structures ---- */

static void push_wide(lua_State *L, const WCHAR *text)
{
    size_t size = sspi_wide_to_utf8(text, NULL, 0);
    char *room = lua_newuserdata(L, size ? size : 1);

    (void)sspi_wide_to_utf8(text, room, size);
    lua_pushlstring(L, room, size);
    lua_remove(L, -2);
}

static void push_field(lua_State *L, const struct sspi_field *field, const void *base)
{
    const void *pointer = field->kind < SSPI_FIELD_TEXT ? NULL : sspi_field_pointer(base, field);

    switch (field->kind) {
    case SSPI_FIELD_UNSIGNED:
    case SSPI_FIELD_STATUS:
        slua_push_number(L, sspi_field_number(base, field->offset, field->width));
        return;
    case SSPI_FIELD_SIGNED:
        slua_push_number(L, (uint64_t)(int32_t)sspi_field_number(base, field->offset, field->width));
        return;
    case SSPI_FIELD_TIME:
        slua_push_number(L, sspi_field_number(base, field->offset, 8));
        return;
    case SSPI_FIELD_BYTES:
    case SSPI_FIELD_BYTES_ARRAY:
        lua_pushlstring(L, pointer ? pointer : "",
                        pointer ? (size_t)sspi_field_number(base, field->size_offset, field->width) : 0);
        return;
    default:
        break;
    }
    if (!pointer)
        lua_pushnil(L);
    else if (field->kind == SSPI_FIELD_TEXT)
        lua_pushstring(L, pointer);
    else if (field->kind == SSPI_FIELD_WIDE || field->kind == SSPI_FIELD_WIDE_ARRAY)
        push_wide(L, pointer);
    else
        slua_push_row(L, field->row, pointer);
}

void slua_push_row(lua_State *L, const struct sspi_row *row, const void *base)
{
    luaL_checkstack(L, 8, row->name);
    lua_createtable(L, 0, (int)row->count);
    for (size_t i = 0; i < row->count; i++) {
        push_field(L, &row->fields[i], base);
        lua_setfield(L, -2, row->fields[i].name);
    }
}

void slua_push_rows(lua_State *L, const struct sspi_row *row, struct slua_buffer *holder, ULONG count)
{
    lua_createtable(L, (int)count, 0);
    for (ULONG i = 0; i < count; i++) {
        slua_push_row(L, row, (const char *)holder->data + i * row->size);
        lua_rawseti(L, -2, (int)i + 1);
    }
    holder_empty(holder);
}

void slua_push_single(lua_State *L, const struct sspi_row *row, struct slua_buffer *holder)
{
    slua_push_row(L, row, holder->data);
    holder_empty(holder);
}

void slua_push_attribute(lua_State *L, struct slua_attribute *attribute)
{
    slua_push_row(L, attribute->row, &attribute->room);
    sspi_row_free(attribute->row, &attribute->room);
    memset(&attribute->room, 0, sizeof attribute->room);
}

/* ---- Buffers ---- */

void slua_list_own(struct slua_call *call, struct slua_buffers *buffers)
{
    for (ULONG i = 0; i < buffers->common.desc.cBuffers; i++) {
        SecBuffer *buffer = &buffers->common.buffers[i];
        struct slua_buffer *owner;

        if (!(buffers->common.allocated >> i & 1))
            continue;
        owner = lua_touserdata(call->L, buffers->objects[i]);
        owner->data = buffer->pvBuffer;
        owner->size = buffer->pvBuffer ? buffer->cbBuffer : 0;
    }
}

/* The content of one buffer after the call: memory of the package as its object, other memory as a string; the mere
 * number of bytes where the package retyped the buffer and left it pointing nowhere. */
static void push_data(struct slua_call *call, struct slua_buffers *buffers, ULONG i)
{
    const SecBuffer *buffer = &buffers->common.buffers[i];
    ULONG offset;

    if (sspi_buffers_retyped(&buffers->common, i) && !sspi_buffers_offset(&buffers->common, i, &offset))
        slua_push_number(call->L, buffer->cbBuffer);
    else if (!(buffers->common.allocated >> i & 1))
        lua_pushlstring(call->L, buffer->pvBuffer ? buffer->pvBuffer : "", buffer->pvBuffer ? buffer->cbBuffer : 0);
    else if (buffer->pvBuffer && buffer->cbBuffer)
        lua_pushvalue(call->L, buffers->objects[i]);
    else
        lua_pushboolean(call->L, 0);
}

void slua_push_buffers(struct slua_call *call, struct slua_buffers *buffers)
{
    lua_State *L = call->L;

    lua_createtable(L, (int)buffers->common.desc.cBuffers, 0);
    for (ULONG i = 0; i < buffers->common.desc.cBuffers; i++) {
        lua_createtable(L, 2, 0);
        slua_push_number(L, buffers->common.buffers[i].BufferType);
        lua_rawseti(L, -2, 1);
        push_data(call, buffers, i);
        lua_rawseti(L, -2, 2);
        lua_rawseti(L, -2, (int)i + 1);
    }
}

void slua_list_tell(struct slua_call *call, int index, struct slua_buffers *buffers)
{
    lua_State *L = call->L;

    for (ULONG i = 0; i < buffers->common.desc.cBuffers; i++) {
        if (!sspi_buffers_retyped(&buffers->common, i))
            continue;
        lua_createtable(L, 2, 0);
        slua_push_number(L, buffers->common.buffers[i].BufferType);
        lua_rawseti(L, -2, 1);
        slua_push_number(L, buffers->common.buffers[i].cbBuffer);
        lua_rawseti(L, -2, 2);
        lua_rawseti(L, index, (int)i + 1);
    }
}

void slua_push_output(struct slua_call *call, struct slua_buffers *buffers)
{
    SecBuffer *token = &buffers->common.buffers[0];

    if (buffers->own && token->cbBuffer)
        lua_pushlstring(call->L, token->pvBuffer, token->cbBuffer);
    else if (buffers->own)
        lua_pushnil(call->L);
    if (buffers->own)
        return;
    if (!buffers->listed && !token->cbBuffer)
        sspi_buffers_free_allocated(&buffers->common);
    if (!buffers->listed) {
        slua_push_taken(call, token->pvBuffer, token->cbBuffer);
        return;
    }
    lua_createtable(call->L, (int)buffers->common.desc.cBuffers, 0);
    for (ULONG i = 0; i < buffers->common.desc.cBuffers; i++) {
        push_data(call, buffers, i);
        lua_rawseti(call->L, -2, (int)i + 1);
    }
}

/* ---- The module ---- */

static void add_constants(lua_State *L, const struct sspi_constant *constant)
{
    for (; constant->name; constant++) {
        if (constant->text)
            lua_pushstring(L, constant->text);
        else
            slua_push_number(L, constant->number);
        lua_setfield(L, -2, constant->name);
    }
}

/* A name and its sense for each status: {[number] = {name, sense}}. */
static void add_senses(lua_State *L, const struct sspi_status_sense *sense)
{
    lua_newtable(L);
    for (; sense->name; sense++) {
        slua_push_number(L, (ULONG)sense->status);
        lua_createtable(L, 2, 0);
        lua_pushstring(L, sense->name);
        lua_rawseti(L, -2, 1);
        lua_pushstring(L, sense->sense);
        lua_rawseti(L, -2, 2);
        lua_rawset(L, -3);
    }
    lua_setfield(L, -2, "statuses");
}

int slua_module_open(lua_State *L, const struct slua_module *module)
{
    luaL_checkstack(L, 20, "sspi.core");
    lua_newtable(L);
    slua_types_make(L, module);
    for (const luaL_Reg *function = module->functions; function->name; function++) {
        for (int i = 0; i < SLUA_UPVALUES; i++)
            lua_pushvalue(L, -SLUA_UPVALUES);
        lua_pushcclosure(L, function->func, SLUA_UPVALUES);
        lua_setfield(L, -SLUA_UPVALUES - 2, function->name);
    }
    lua_pop(L, SLUA_UPVALUES);
    add_constants(L, module->constants);
    add_senses(L, module->senses);
    return 1;
}
