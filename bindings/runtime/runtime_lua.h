/*
 * What the generated Lua module calls: taking arguments, entering and leaving libsspi, making results. One source for
 * Lua 5.4, 5.3 and 5.1. Every function that takes or makes a value may leave by lua_error: whatever libsspi gives is
 * owned by a userdata first, and no error passes through a frame of libsspi.
 */
#ifndef SSPI_RUNTIME_LUA_H
#define SSPI_RUNTIME_LUA_H

#include "lua_compat.h"
#include "runtime_common.h"

struct slua_buffer;

/* What the generator knows of the module. */
struct slua_module {
    const luaL_Reg *functions;
    const struct sspi_constant *constants;
    const struct sspi_status_sense *senses;
    const struct sspi_row *event_row;
};

/* One kind of handle in one Lua state. Its address tells handles from other userdata of their size. */
struct slua_type {
    struct slua_state *state;
    enum sspi_kind kind;
};

/* Room for the token of a leg. A larger one is allocated by the package. */
#define SLUA_OUTPUT_ROOM 16384

/* First upvalue of every function. */
struct slua_state {
    const struct slua_module *module;
    const void *buffer;                     /* metatable of buffers */
    struct slua_buffer *pending;            /* owns memory of libsspi while one string is made of it */
    struct slua_type types[3];              /* by kind */
    unsigned char output[SLUA_OUTPUT_ROOM]; /* of the outermost call; what arrives here goes to the peer */
};

/* Upvalues: the state, the metatables by kind, that of buffers. */
#define SLUA_UPVALUES 5

/* A credential, a context or an account store. */
struct slua_handle {
    const struct slua_type *type;
    struct sspi_guard guard; /* closed until a value is set */
    union sspi_value value;
    void *cell;                     /* key of its callback; freed by slua_cell_release */
    const struct slua_handle *kept; /* a context's credential, which is its user value */
};

/* Memory that a package allocated. */
struct slua_buffer {
    void *data;
    size_t size;
    bool closed;
};

/* An attribute structure until it is converted. */
struct slua_attribute {
    const struct sspi_row *row;
    union sspi_attribute_room room;
};

#define SLUA_HANDLES_MAX 3

/* One call of a generated function, on the C stack. */
struct slua_call {
    struct slua_call *outer; /* the call whose callback this one comes from */
    lua_State *L;
    struct slua_call **innermost; /* this thread's, looked up once */
    struct slua_state *state;
    const char *function;
    int raised; /* stack index of what a lookup raised; 0: nothing */
    unsigned handles_used;
    struct slua_handle *handles[SLUA_HANDLES_MAX];
};

/* Slots of the stack that a generated function needs at most beside its lists of buffers; Lua gives 20 to every
 * function, which is enough up to SLUA_ARGUMENTS of them. */
#define SLUA_STACK 20
#define SLUA_ARGUMENTS 8

/* A descriptor, and the stack index of the userdata behind each buffer (0: the script's own string). */
struct slua_buffers {
    struct sspi_buffers common;
    int objects[SSPI_BUFFERS_MAX];
    bool listed; /* the script gave a list; so what pOutput becomes is one, of objects; else the token is a string */
    bool own;    /* the token goes to the state's own room */
};

/* ---- A call ---- */

void slua_call_begin(struct slua_call *call, lua_State *L, const char *function, int most);
/* A call that no function of the module makes: the end of an object. */
void slua_call_plain(struct slua_call *call, lua_State *L, struct slua_state *state);

/* Around the call of libsspi: nothing between them may raise. */
static inline void slua_call_enter(struct slua_call *call)
{
    *call->innermost = call;
    for (unsigned i = 0; i < call->handles_used; i++)
        sspi_guard_enter_unshared(&call->handles[i]->guard); /* open: slua_take_handle has looked */
}

static inline void slua_call_leave(struct slua_call *call)
{
    for (unsigned i = 0; i < call->handles_used; i++) {
        struct slua_handle *handle = call->handles[i];

        if (sspi_guard_leave_unshared(&handle->guard))
            sspi_value_free(handle->type->kind, &handle->value);
    }
    *call->innermost = call->outer;
}

/* Pushes nil, sense, name of the status, token for the peer or nil, explanation, reason; gives their count. */
int slua_call_fail(struct slua_call *call, SECURITY_STATUS status, struct slua_buffers *output);

/* ---- Arguments: an error that names the argument ---- */

struct slua_handle *slua_take_handle(struct slua_call *call, int index, const char *name, enum sspi_kind kind,
                                     bool optional);
const char *slua_take_text(struct slua_call *call, int index, const char *name, bool optional);
/* Any number, or an error. */
ULONG slua_take_any_number(struct slua_call *call, int index, const char *name, bool is_signed);

static inline ULONG slua_take_number(struct slua_call *call, int index, const char *name, bool is_signed)
{
#if LUA_VERSION_NUM >= 503
    if (lua_isinteger(call->L, index)) {
        lua_Integer integer = lua_tointeger(call->L, index);

        if (integer >= 0 && integer <= (lua_Integer)UINT32_MAX)
            return (ULONG)integer;
    }
#endif
    return slua_take_any_number(call, index, name, is_signed);
}

BOOL slua_take_flag(struct slua_call *call, int index, const char *name);
const void *slua_take_bytes(struct slua_call *call, int index, const char *name, bool optional, ULONG *size);
/* A table with user, domain, password, or nil. */
void slua_take_identity(struct slua_call *call, int index, const char *name, struct sspi_identity *identity);
/* A string or ContextBuffer (one TOKEN buffer), or a list of {type, data}; where the buffer is written, data may be a
 * number: the room. `writable` as for Python. */
void slua_take_buffers(struct slua_call *call, int index, const char *name, bool optional, int writable,
                       struct slua_buffers *buffers);
/* nil: one TOKEN buffer in the state's room; else a list of types, which the package allocates, or of {type, room}. */
void slua_take_output(struct slua_call *call, int index, const char *name, struct slua_buffers *buffers);
/* A function, or nil where optional: then NULL. The key of a callback that slua_cell_own() gives to its owner. */
void *slua_take_callback(struct slua_call *call, int index, const char *name, bool optional);
const struct sspi_row *slua_take_attribute(struct slua_call *call, const char *name, const struct sspi_attribute *table,
                                           ULONG number);

/* ---- Objects: each pushes one userdata ---- */

static inline SecHandle *slua_handle_pointer(struct slua_handle *handle)
{
    return handle ? &handle->value.handle : NULL;
}

/* The handle of a type at `index`; NULL. Cheaper than by its metatable: two questions to Lua. */
static inline struct slua_handle *slua_handle_at(lua_State *L, int index, const struct slua_type *type)
{
    struct slua_handle *handle = lua_touserdata(L, index);

    return handle && lua_rawlen(L, index) == sizeof *handle && handle->type == type ? handle : NULL;
}

struct slua_handle *slua_handle_new(struct slua_call *call, enum sspi_kind kind);
void slua_handle_open(struct slua_handle *handle, union sspi_value value);
/* The object at `keeper_index` keeps the one at `kept_index` alive; NULL is legal. */
void slua_handle_keep(struct slua_call *call, struct slua_handle *keeper, int keeper_index,
                      const struct slua_handle *kept, int kept_index);
/* The callback at stack index `function` belongs to the object at `owner`, before libsspi learns of it. */
void slua_cell_own(struct slua_call *call, int owner, int function, void *cell);
/* libsspi did not take it. NULL is legal. */
void slua_cell_discard(void *cell);
int slua_release_handle(lua_State *L, const char *function, const char *name, enum sspi_kind kind, bool optional);
int slua_release_buffer(lua_State *L, const char *function, const char *name);
struct slua_buffer *slua_buffer_new(struct slua_call *call);
/* `room` where the structure holds no pointers; else a new userdata, which frees them. */
struct slua_attribute *slua_attribute_new(struct slua_call *call, const struct sspi_row *row,
                                          struct slua_attribute *room);

/* ---- Callbacks, to be given to libsspi with a cell as argument ---- */

SECURITY_STATUS slua_callback_SSPI_ACCOUNT_LOOKUP_FN(void *argument, const char *user, const char *domain,
                                                     PSSPI_ACCOUNT_KEYS keys);
void slua_callback_SSPI_EVENT_FN(void *argument, const SSPI_EVENT *event);
void slua_cell_release(void *argument);

/* ---- Results: each pushes one value ---- */

/* A whole number; an integer where the version has them. */
static inline void slua_push_number(lua_State *L, uint64_t number)
{
#if LUA_VERSION_NUM >= 503
    lua_pushinteger(L, (lua_Integer)number);
#else
    lua_pushnumber(L, (lua_Number)(int64_t)number);
#endif
}

static inline void slua_push_time(lua_State *L, TimeStamp time)
{
    slua_push_number(L, (uint64_t)time.QuadPart);
}

/* A string or text of libsspi's memory, which is freed; nil for NULL. */
void slua_push_taken(struct slua_call *call, void *data, size_t size);
void slua_push_text(struct slua_call *call, char *text);
void slua_push_rows(lua_State *L, const struct sspi_row *row, struct slua_buffer *holder, ULONG count);
void slua_push_row(lua_State *L, const struct sspi_row *row, const void *base);
void slua_push_single(lua_State *L, const struct sspi_row *row, struct slua_buffer *holder);
void slua_push_attribute(lua_State *L, struct slua_attribute *attribute);
/* The token did not fit the state's room: true, once, where the package is to allocate it and the call is to be made
 * again. */
bool slua_output_again(struct slua_buffers *buffers, SECURITY_STATUS status);
void slua_list_own(struct slua_call *call, struct slua_buffers *buffers);
void slua_list_tell(struct slua_call *call, int index, struct slua_buffers *buffers);

/* After the call: what the package allocated goes to its userdata. Cannot raise. */
static inline void slua_buffers_own(struct slua_call *call, struct slua_buffers *buffers)
{
    if (buffers->listed)
        slua_list_own(call, buffers);
}

/* {{type, data}, ...} after a message function. */
void slua_push_buffers(struct slua_call *call, struct slua_buffers *buffers);
/* Where the script gave a list: what the package retyped is replaced in it by {type, size}. */
static inline void slua_buffers_tell(struct slua_call *call, int index, struct slua_buffers *buffers)
{
    if (buffers->listed)
        slua_list_tell(call, index, buffers);
}

/* Comes before anything that can run the collector: a finalizer may make a call that uses the state's room. */
void slua_push_output(struct slua_call *call, struct slua_buffers *buffers);

/* ---- The module ---- */

int slua_module_open(lua_State *L, const struct slua_module *module);
/* Makes the metatables and leaves them, with the state below, on the stack: SLUA_UPVALUES values. */
void slua_types_make(lua_State *L, const struct slua_module *module);

#endif
