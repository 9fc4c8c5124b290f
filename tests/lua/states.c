/* Lua states on many threads: each is made, loads the module, logs in, is left in mid-handshake or mid-callback, and is
 * closed, again and again. Run by run.sh; an argument is the count of rounds. */
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#define THREADS 4

static const char program[] =
    "local sspi = require 'sspi'\n"
    "local acceptor = assert(sspi.credential{accounts = function() return 'secret' end, on_event = function() end})\n"
    "local initiator = assert(sspi.credential{usage = 'initiate', username = 'alice', password = 'secret'})\n"
    "server, client = acceptor:accept(), initiator:initiate()\n"
    "local token = server:step((client:step()))\n"
    "assert(server:step((client:step(token))) == '' and server:is_complete())\n"
    "assert(client:unwrap(server:wrap('hello')) == 'hello')\n"
    "half, other = acceptor:accept(), initiator:initiate()\n"
    "assert(half:step((other:step())))\n"
    "block = sspi.core.SspiMakeChannelBindings('data')\n"
    /* Finalizers that use what is being closed, as a whole state is. */
    "setmetatable({}, {__gc = function() pcall(server.wrap, server, 'x') half:close() acceptor:close() end})\n"
    "kept = {acceptor, initiator}\n";

static int rounds = 100;

static void *work(void *unused)
{
    (void)unused;
    for (int i = 0; i < rounds; i++) {
        lua_State *L = luaL_newstate();

        luaL_openlibs(L);
        if (luaL_dostring(L, program)) {
            fprintf(stderr, "%s\n", lua_tostring(L, -1));
            exit(1);
        }
        lua_close(L);
    }
    return NULL;
}

int main(int count, char **arguments)
{
    pthread_t threads[THREADS];

    if (count > 1)
        rounds = atoi(arguments[1]);
    for (int i = 0; i < THREADS; i++) {
        if (pthread_create(&threads[i], NULL, work, NULL))
            return 1;
    }
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    printf("%d states on %d threads\n", rounds * THREADS, THREADS);
    return 0;
}
