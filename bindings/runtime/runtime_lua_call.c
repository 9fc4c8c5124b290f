/* One call from Lua into libsspi: entering, leaving, failing, and the callbacks that arrive meanwhile.
 * Called by the generated module. */
#include "runtime_lua.h"

#include <stdlib.h>
#include <string.h>

/* Calls of this thread, innermost first. A callback finds its Lua state here. */
static _Thread_local struct slua_call *current_call;

void slua_call_plain(struct slua_call *call, lua_State *L, struct slua_state *state)
{
    call->innermost = &current_call;
    call->outer = *call->innermost;
    call->L = L;
    call->state = state;
    call->function = "close";
    call->raised = 0;
    call->handles_used = 0;
}

void slua_call_begin(struct slua_call *call, lua_State *L, const char *function, int most)
{
    int given = lua_gettop(L);

    slua_call_plain(call, L, lua_touserdata(L, lua_upvalueindex(1)));
    call->function = function;
    if (given > most)
        luaL_error(L, "%s takes at most %d arguments, not %d", function, most, given);
    if (most > SLUA_ARGUMENTS)
        luaL_checkstack(L, SLUA_STACK, function);
    if (given < most)
        lua_settop(L, most);
}

/* ---- Failure ---- */

/* The explanation of libsspi, with what a lookup raised. Pushes a string. */
static void push_explanation(struct slua_call *call)
{
    lua_State *L = call->L;
    const char *raised = call->raised ? lua_tostring(L, call->raised) : NULL;
    char *text = NULL;

    if (SspiExplainLastFailure(&text) != SEC_E_OK)
        text = NULL;
    slua_push_text(call, text);
    if (!raised)
        return;
    lua_pushfstring(L, "%s (the lookup raised: %s)", text ? lua_tostring(L, -1) : "", raised);
    lua_remove(L, -2);
}

/* Pushes the token for the peer, or nil. */
static void push_token(struct slua_call *call, struct slua_buffers *output)
{
    SecBuffer *token = output ? sspi_buffers_token(&output->common) : NULL;

    if (output && output->own) {
        slua_push_output(call, output);
        return;
    }
    if (output && !token && !output->listed)
        sspi_buffers_free_allocated(&output->common);
    if (!token)
        lua_pushnil(call->L);
    else if (output->listed)
        lua_pushlstring(call->L, token->pvBuffer, token->cbBuffer);
    else
        slua_push_taken(call, token->pvBuffer, token->cbBuffer);
}

int slua_call_fail(struct slua_call *call, SECURITY_STATUS status, struct slua_buffers *output)
{
    lua_State *L = call->L;
    ULONG reason = SspiQueryLastFailureReason();
    int first = lua_gettop(L) + 1;
    const char *name;

    luaL_checkstack(L, 10, call->function);
    push_token(call, output);
    push_explanation(call);
    lua_pushnil(L);
    lua_pushstring(L, sspi_status_sense(call->state->module->senses, status, &name));
    lua_pushstring(L, name);
    lua_pushvalue(L, first);
    lua_pushvalue(L, first + 1);
    slua_push_number(L, reason);
    return 6;
}

/* ---- Callbacks ---- */

/* Two owners, as the object and libsspi both hold it; its address is the key of the callback in the registry. */
struct slua_cell {
    atomic_uint owners;
};

void slua_cell_release(void *argument)
{
    struct slua_cell *cell = argument;

    if (atomic_fetch_sub(&cell->owners, 1) == 1)
        free(cell);
}

void slua_cell_discard(void *cell)
{
    if (cell)
        slua_cell_release(cell);
}

void *slua_take_callback(struct slua_call *call, int index, const char *name, bool optional)
{
    lua_State *L = call->L;
    struct slua_cell *cell;

    if (optional && lua_isnoneornil(L, index))
        return NULL;
    if (!lua_isfunction(L, index))
        luaL_error(L, "%s: argument '%s' must be a function%s, not %s", call->function, name, optional ? " or nil" : "",
                   luaL_typename(L, index));
    cell = malloc(sizeof *cell);
    if (!cell)
        luaL_error(L, "%s: not enough memory", call->function);
    atomic_init(&cell->owners, 1);
    return cell;
}

/* Pushes the callback of a cell; an error if its object is gone. */
static void push_callback(lua_State *L, void *cell)
{
    lua_getfield(L, LUA_REGISTRYINDEX, "sspi.cells");
    lua_pushlightuserdata(L, cell);
    lua_rawget(L, -2);
    if (lua_isnil(L, -1))
        luaL_error(L, "the owner of the callback is gone");
    lua_getuservalue(L, -1);
    lua_getfield(L, -1, "callback");
}

struct lookup {
    void *cell;
    const char *user, *domain;
};

/* Makes (found, password, nt_hash, flags) of a table with password, nt_hash, disabled. */
static int lookup_table(lua_State *L, int table)
{
    lua_pushboolean(L, 1);
    lua_getfield(L, table, "password");
    lua_getfield(L, table, "nt_hash");
    lua_getfield(L, table, "disabled");
    lua_pushnumber(L, lua_toboolean(L, -1) ? SSPI_ACCOUNT_DISABLED : 0);
    lua_remove(L, -2);
    if (!lua_isnil(L, -3) && lua_type(L, -3) != LUA_TSTRING)
        return luaL_error(L, "the password must be a string");
    if (!lua_isnil(L, -2) && (lua_type(L, -2) != LUA_TSTRING || lua_rawlen(L, -2) != 16))
        return luaL_error(L, "nt_hash must be a string of 16 bytes");
    return 4;
}

static int lookup_protected(lua_State *L)
{
    struct lookup *request = lua_touserdata(L, 1);

    push_callback(L, request->cell);
    lua_pushstring(L, request->user);
    lua_pushstring(L, request->domain);
    lua_call(L, 2, 1);
    if (lua_istable(L, -1))
        return lookup_table(L, lua_gettop(L));
    if (lua_isnil(L, -1)) {
        lua_pushboolean(L, 0);
        lua_pushnil(L);
    } else if (lua_type(L, -1) == LUA_TSTRING) {
        lua_pushboolean(L, 1);
        lua_pushvalue(L, -2);
    } else {
        return luaL_error(L, "the lookup must return a password, a table or nil, not %s", luaL_typename(L, -1));
    }
    lua_pushnil(L);
    lua_pushnumber(L, 0);
    return 4;
}

/* The four values on top of the stack, which stay there: libsspi borrows the password until the call ends. */
static void keys_fill(lua_State *L, PSSPI_ACCOUNT_KEYS keys)
{
    size_t size = 0;
    const char *password = lua_isnil(L, -3) ? NULL : lua_tolstring(L, -3, &size);

    keys->Password = password;
    keys->PasswordSize = (ULONG)size;
    if (!lua_isnil(L, -2)) {
        memcpy(keys->NtHash, lua_tostring(L, -2), sizeof keys->NtHash);
        keys->HasNtHash = 1;
    }
    keys->Flags = (ULONG)lua_tonumber(L, -1);
}

SECURITY_STATUS slua_callback_SSPI_ACCOUNT_LOOKUP_FN(void *argument, const char *user, const char *domain,
                                                     PSSPI_ACCOUNT_KEYS keys)
{
    struct slua_call *call = current_call;
    struct lookup request = {argument, user, domain};
    lua_State *L = call ? call->L : NULL;

    if (!L || !lua_checkstack(L, 8))
        return SEC_E_INTERNAL_ERROR;
    lua_pushcfunction(L, lookup_protected);
    lua_pushlightuserdata(L, &request);
    if (lua_pcall(L, 1, 4, 0) != LUA_OK) {
        call->raised = lua_gettop(L);
        return SEC_E_INTERNAL_ERROR;
    }
    if (!lua_toboolean(L, -4)) {
        lua_pop(L, 4);
        return SEC_E_LOGON_DENIED;
    }
    keys_fill(L, keys);
    return SEC_E_OK;
}

struct delivery {
    void *cell;
    const SSPI_EVENT *event;
    const struct sspi_row *row;
};

static int deliver_protected(lua_State *L)
{
    struct delivery *delivery = lua_touserdata(L, 1);

    push_callback(L, delivery->cell);
    slua_push_row(L, delivery->row, delivery->event);
    lua_call(L, 1, 0);
    return 0;
}

void slua_callback_SSPI_EVENT_FN(void *argument, const SSPI_EVENT *event)
{
    struct slua_call *call = current_call;
    struct delivery delivery = {argument, event, NULL};
    lua_State *L = call ? call->L : NULL;
    const char *raised;

    if (!L || !lua_checkstack(L, 4))
        return;
    delivery.row = call->state->module->event_row;
    lua_pushcfunction(L, deliver_protected);
    lua_pushlightuserdata(L, &delivery);
    if (lua_pcall(L, 1, 0, 0) == LUA_OK)
        return;
    raised = lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : "the event callback raised an error";
    slua_warning(L, raised);
    lua_pop(L, 1);
}

/* The owner's half is counted before the key enters the registry: an error on the way frees it with the owner. */
void slua_cell_own(struct slua_call *call, int owner, int function, void *key)
{
    lua_State *L = call->L;
    struct slua_handle *handle = lua_touserdata(L, owner);
    struct slua_cell *cell = key;
    void *old = handle->cell;

    if (!cell)
        return;
    atomic_fetch_add(&cell->owners, 1);
    handle->cell = cell;
    slua_cell_discard(old);
    lua_getuservalue(L, owner);
    lua_pushvalue(L, function);
    lua_setfield(L, -2, "callback");
    lua_pop(L, 1);
    lua_getfield(L, LUA_REGISTRYINDEX, "sspi.cells");
    lua_pushlightuserdata(L, cell);
    lua_pushvalue(L, owner);
    lua_rawset(L, -3);
    lua_pop(L, 1);
}
