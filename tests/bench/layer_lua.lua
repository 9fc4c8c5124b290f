-- What Lua costs over C: the same accept and call as ntlm_sspi, through the generated module and through the layer.
-- Usage: layer_lua.lua FOLDER, with the account file that ntlm_sspi left there. Prints `case <tab> ns <tab> 0`.
--
-- os.clock() goes by the microsecond, so every leg is done for many handshakes between two readings.

local sspi = require "sspi"
local core = sspi.core

local SECONDS = tonumber(os.getenv "BENCH_SECS" or "0.3")
local CLIENT_FLAGS = core.ISC_REQ_INTEGRITY | core.ISC_REQ_CONFIDENTIALITY | core.ISC_REQ_SEQUENCE_DETECT
    | core.ISC_REQ_REPLAY_DETECT | core.ISC_REQ_ALLOCATE_MEMORY
local SERVER_FLAGS = core.ASC_REQ_INTEGRITY | core.ASC_REQ_CONFIDENTIALITY | core.ASC_REQ_SEQUENCE_DETECT
    | core.ASC_REQ_REPLAY_DETECT | core.ASC_REQ_ALLOCATE_MEMORY
local NATIVE = core.SECURITY_NATIVE_DREP

local HANDSHAKES = 50

-- The median of `measure`, repeated for SECONDS.
local function median(measure)
    local taken, stop = {}, os.clock() + SECONDS
    repeat
        taken[#taken + 1] = measure()
    until os.clock() > stop
    table.sort(taken)
    return taken[#taken // 2 + 1]
end

local function show(case, nanoseconds)
    print(("%s\t%.1f\t0"):format(case, nanoseconds))
end

local accounts = "smbpasswd:" .. arg[1] .. "/accounts.smbpasswd"
local user = { usage = "initiate", username = "testuser", domain = "TESTDOM", password = "Password01" }
local client = assert(sspi.credential(user))
local server = assert(sspi.credential { accounts = accounts })

-- Nanoseconds of HANDSHAKES operations since `start`, for each.
local function since(start)
    return (os.clock() - start) / HANDSHAKES * 1e9
end

-- The acceptor's nanoseconds of one handshake through the generated functions.
local function generated_accept()
    local a, b = client.handle, server.handle
    local initiate, accept = core.InitializeSecurityContext, core.AcceptSecurityContext
    local initiators, contexts, tokens, statuses = {}, {}, {}, {}
    local spent, start, _
    for i = 1, HANDSHAKES do
        _, initiators[i], tokens[i] = initiate(a, nil, "HTTP/server", CLIENT_FLAGS, NATIVE, nil)
    end
    start = os.clock()
    for i = 1, HANDSHAKES do _, contexts[i], tokens[i] = accept(b, nil, tokens[i], SERVER_FLAGS, NATIVE) end
    spent = since(start)
    for i = 1, HANDSHAKES do
        _, _, tokens[i] = initiate(a, initiators[i], "HTTP/server", CLIENT_FLAGS, NATIVE, tokens[i])
    end
    start = os.clock()
    for i = 1, HANDSHAKES do
        statuses[i] = accept(b, contexts[i], tokens[i], SERVER_FLAGS, NATIVE)
        contexts[i]:close()
    end
    spent = spent + since(start)
    for i = 1, HANDSHAKES do
        assert(statuses[i] == 0)
        initiators[i]:close()
    end
    return spent
end

-- The same through credential:accept.
local function layer_accept()
    local initiators, contexts, tokens = {}, {}, {}
    local spent, start
    for i = 1, HANDSHAKES do
        initiators[i] = client:initiate { target = "HTTP/server" }
        tokens[i] = initiators[i]:step()
    end
    start = os.clock()
    for i = 1, HANDSHAKES do
        contexts[i] = server:accept {}
        tokens[i] = contexts[i]:step(tokens[i])
    end
    spent = since(start)
    for i = 1, HANDSHAKES do tokens[i] = initiators[i]:step(tokens[i]) end
    start = os.clock()
    for i = 1, HANDSHAKES do
        contexts[i]:step(tokens[i])
        assert(contexts[i]:is_complete())
        contexts[i]:close()
    end
    spent = spent + since(start)
    for i = 1, HANDSHAKES do initiators[i]:close() end
    return spent
end

-- The cheapest call that takes a handle.
local function reason_call()
    local context = server:accept {}
    context:step(client:initiate({ target = "HTTP/server" }):step())
    local handle, call = context.handle, core.SspiQueryContextReason
    return median(function()
        local start = os.clock()
        for _ = 1, 10000 do call(handle) end
        return (os.clock() - start) / 10000 * 1e9
    end)
end

local function empty_loop()
    local start = os.clock()
    for _ = 1, 10000 do end
    return (os.clock() - start) / 10000 * 1e9
end

show("accept, generated module", median(generated_accept))
show("accept, layer", median(layer_accept))
show("call", reason_call() - median(empty_loop))
