-- Who lives how long: close at any moment, callbacks that misbehave, and the collector at every allocation.
local sspi = require "sspi"
local support = require "support"
local core = sspi.core

local function ends(accounts, on_event)
    local credential = assert(sspi.credential { accounts = accounts, on_event = on_event })
    return credential:accept(), support.initiator():initiate(), credential
end

local function password() return support.password end

describe("close", function()
    it("may be repeated", function()
        local server, client = support.pair()
        for _ = 1, 3 do
            server:close()
            client:close()
            server.credential:close()
        end
        assert.truthy(tostring(server):find "closed")
        assert.truthy(tostring(server.credential):find "closed")
        assert.has_error(function() server:step "x" end, "sspi: the context is closed")
        assert.has_error(function() server:wrap "x" end, "sspi: the context is closed")
        assert.truthy(server:explain():find "NTLM")
    end)

    it("happens at the end of a block", function()
        if _VERSION < "Lua 5.4" then return end
        local block = assert(load [[
            local sspi, support = ...
            local kept
            do
                local credential <close> = support.acceptor()
                local context <close> = credential:accept()
                kept = credential
            end
            return kept
        ]])
        assert.truthy(tostring(block(sspi, support)):find "closed")
    end)

    it("of a store or a credential lets contexts go on", function()
        local store = support.store()
        local server, client, credential = ends(store)
        store:close()
        local token = support.last_token(server, client)
        credential.handle:close()
        assert.has_error(function() server:step(token) end, "AcceptSecurityContext: argument 'phCredential' is closed")
        assert.are.equal(0, (core.AcceptSecurityContext(nil, server.handle, token, 0, 0)))
    end)
end)

describe("a lookup", function()
    it("gives a password, a hash, or nil for an unknown user", function()
        local asked = {}
        local server, client = ends(function(user, domain)
            asked[domain .. "\\" .. user] = true
            return support.password
        end)
        assert(support.shake(server, client))
        assert.is_true(asked["EXAMPLE\\alice"])
        server, client = ends(function() return { password = support.password } end)
        assert(support.shake(server, client))
        for reason, answer in pairs {
            [core.SSPI_REASON_UNKNOWN_USER] = function() return nil end,
            [core.SSPI_REASON_ACCOUNT_DISABLED] = function() return { password = support.password, disabled = true } end,
        } do
            server, client = ends(answer)
            local _, _, code = support.shake(server, client)
            assert.are.equal("SEC_E_LOGON_DENIED", code)
            assert.are.equal(reason, server:reason())
        end
    end)

    it("that raises, yields or answers nonsense lets nobody in", function()
        for text, lookup in pairs {
            ["the directory is down"] = function() error "the directory is down" end,
            ["must return a password"] = function() return 5 end,
            ["nt_hash must be a string of 16 bytes"] = function() return { nt_hash = "short" } end,
            ["password must be a string"] = function() return { password = 5 } end,
            ["yield"] = function() coroutine.yield() end,
        } do
            local events = {}
            local server, client = ends(lookup, function(e) events[#events + 1] = e end)
            local token, sense, code = support.shake(server, client)
            assert.is_nil(token)
            assert.are.equal("SEC_E_NO_AUTHENTICATING_AUTHORITY", code)
            assert.are.equal("No authority (account store, domain controller or KDC) can answer.", sense)
            assert.is_false(server:is_complete())
            assert.are.equal(core.SSPI_REASON_STORE_UNAVAILABLE, events[1].reason)
            assert.truthy(server:explain():find(text, 1, true), server:explain())
        end
    end)

    it("may log in itself, and may run in a coroutine", function()
        local inner_name
        local server, client = ends(function()
            local inner, inner_client = ends(password)
            assert(support.shake(inner, inner_client))
            inner_name = inner:client_name()
            return support.password
        end)
        local thread = coroutine.wrap(function() return support.shake(server, client) end)
        assert.are.equal("", thread())
        assert.are.equal("EXAMPLE\\alice", inner_name)
    end)

    it("is kept by what needs it, and by nothing else", function()
        local gone = setmetatable({}, { __mode = "k" })
        local server, client = ends((function()
            local marker = {}
            gone[marker] = true
            return function() return marker and support.password end
        end)())
        local token = support.last_token(server, client)
        server.credential.handle:close()
        local handle = server.handle
        server, client = nil, nil
        collectgarbage()
        collectgarbage()
        assert.are.equal(0, (core.AcceptSecurityContext(nil, handle, token, 0, 0)))
        assert.is_not_nil(next(gone))
        handle = nil -- luacheck: ignore
        for _ = 1, 5 do collectgarbage() end
        assert.is_nil(next(gone))
        assert.is_nil(server or client)
    end)
end)

describe("an event callback", function()
    it("that raises does not change the login", function()
        local server, client = ends(password, function() error "the log is full" end)
        local token = support.shake(server, client)
        assert.are.equal("", token)
        assert.is_true(server:is_complete())
    end)

    it("may close what the call uses, but not ask it", function()
        local server, client, credential
        local notes = {}
        server, client, credential = ends(password, function()
            notes.asked, notes.message = pcall(core.QueryContextAttributes, server.handle, 0)
            server.handle:close()
            server.handle:close()
            credential:close()
            notes.closed = server.handle:closed()
        end)
        local token, status = support.shake(server, client)
        assert.are.equal("", token)
        assert.are.equal("SEC_E_OK", status)
        assert.is_false(notes.asked)
        assert.truthy(notes.message:find "in use by the call")
        assert.is_true(notes.closed)
        assert.is_true(server.handle:closed())
    end)
end)

describe("a token", function()
    local ALLOCATE = core.ISC_REQ_ALLOCATE_MEMORY

    it("goes to the script's room, whatever the flags say", function()
        local handle = support.initiator().handle
        for _, flags in ipairs { 0, ALLOCATE } do
            local status, _, output = core.InitializeSecurityContext(handle, nil, nil, flags, 0, nil, { { 2, 4096 } })
            assert.are.equal(core.SEC_I_CONTINUE_NEEDED, status)
            assert.are.equal("string", type(output[1]))
            assert.are.equal("NTLMSSP\0", output[1]:sub(1, 8))
            local token
            status, _, token = core.InitializeSecurityContext(handle, nil, nil, flags, 0)
            assert.are.equal(core.SEC_I_CONTINUE_NEEDED, status)
            assert.are.equal(output[1], token)
        end
    end)

    it("that does not fit the script's room is not allocated", function()
        local failed, _, code = core.InitializeSecurityContext(
            support.initiator().handle, nil, nil, ALLOCATE, 0, nil, { { 2, 8 } }
        )
        assert.is_nil(failed)
        assert.are.equal("SEC_E_BUFFER_TOO_SMALL", code)
    end)

    it("has room from the script or from the package, not both", function()
        local handle = support.initiator().handle
        for _, output in ipairs { { { 2, 4096 }, 17 }, { 2, { 17, 64 } } } do
            local done, message = pcall(core.InitializeSecurityContext, handle, nil, nil, 0, 0, nil, output)
            assert.is_false(done)
            assert.truthy(message:find("'pOutput' leaves one buffer to the package", 1, true), message)
        end
    end)
end)

describe("userdata", function()
    it("cannot be taken apart", function()
        local server = support.pair()
        for _, object in ipairs { server.handle, server.credential.handle, core.SspiMakeChannelBindings "x" } do
            assert.is_false(getmetatable(object))
            assert.has_error(function() object.close(io.stdout) end)
            assert.has_error(function() object.close() end)
            assert.has_error(function() object.extra = 1 end)
        end
        assert.has_error(function() server.handle.close(server.credential.handle) end)
    end)

    it("of a closed context needs no finalizer, and is still its kind", function()
        local server, client = support.pair()
        local before = debug.getmetatable(server.handle)
        server.handle:close()
        local after = debug.getmetatable(server.handle)
        assert.is_function(before.__gc)
        assert.is_nil(after.__gc)
        assert.are.equal(before.__name, after.__name)
        assert.is_false(getmetatable(server.handle))
        assert.truthy(tostring(server.handle):find "closed")
        assert.has_error(function() server.handle.close(client.credential.handle) end)
        server.handle:close()
        before.__close(server.handle)
        after.__close(client.handle)
        assert.is_true(client.handle:closed())
    end)

    it("of allocated memory has a length and a text, and is closed once", function()
        local buffer = core.SspiMakeChannelBindings "data"
        assert.are.equal(36, #buffer)
        assert.are.equal("data", tostring(buffer):sub(-4))
        assert.is_false(buffer:closed())
        buffer:close()
        buffer:close()
        assert.is_true(buffer:closed())
        assert.are.equal(0, #buffer)
        assert.has_error(function() tostring(buffer) end, "the ContextBuffer is closed")
        assert.is_true(core.FreeContextBuffer(buffer))
        assert.is_true(core.FreeContextBuffer(nil))
        local _, context = core.InitializeSecurityContext(support.initiator().handle, nil, nil, 0, 0)
        assert.is_true(core.DeleteSecurityContext(context))
        assert.is_true(core.DeleteSecurityContext(context))
        assert.is_true(context:closed())
    end)

    it("survives its finalizer being called again", function()
        local finalize = debug.getmetatable(support.pair().handle).__gc
        local server, client = support.pair()
        finalize(server.handle)
        finalize(server.handle)
        finalize(client.handle)
        assert.is_true(server.handle:closed())
        collectgarbage()
    end)

    it("that comes back from its finalizer is still usable or closed", function()
        local saved
        do
            local server = support.pair()
            setmetatable({}, { __gc = function() saved = server end })
        end
        for _ = 1, 3 do collectgarbage() end
        if saved then
            assert.has_no.errors(function() tostring(saved.handle) end)
            saved:close()
        end
    end)
end)

describe("the collector", function()
    local function work()
        local server, client = ends(password, function() end)
        assert(support.shake(server, client))
        assert.are.equal("x", client:unwrap(server:wrap "x"))
        server, client = ends(function() return nil end)
        assert.is_nil((support.shake(server, client)))
        server = ends(password) -- abandoned
        server:step "NTLMSSP\0\1\0\0\0"
    end

    it("may run at every allocation", function()
        local modes = { { "incremental", 100, 1000000 } }
        if _VERSION >= "Lua 5.4" then modes[2] = { "generational", 1, 1 } end
        for _, mode in ipairs(modes) do
            if _VERSION >= "Lua 5.4" then
                collectgarbage(mode[1], mode[2], mode[3])
            else
                collectgarbage("setpause", 0)
                collectgarbage("setstepmul", 1000000)
            end
            for _ = 1, 30 do work() end
        end
        if _VERSION >= "Lua 5.4" then
            collectgarbage("incremental", 200, 100)
        else
            collectgarbage("setpause", 200)
            collectgarbage("setstepmul", 200)
        end
    end)

    it("leaves memory flat", function()
        -- A sanitizer keeps freed memory for a while; leaks are its own report then.
        if (os.getenv "LD_PRELOAD" or ""):find("asan", 1, true) then return end
        local function resident()
            local file = assert(io.open "/proc/self/statm")
            local pages = file:read("*a"):match "%d+ (%d+)"
            file:close()
            return tonumber(pages) * 4
        end
        local rounds = tonumber(os.getenv "SSPI_LEAK_ROUNDS") or os.getenv "SSPI_NIGHTLY" and 100000 or 3000
        -- Often, as the peak between two collections is a matter of the collector's pace.
        local function work_and_collect(times)
            for i = 1, times do
                work()
                if i % 250 == 0 then collectgarbage() end
            end
            collectgarbage()
            collectgarbage()
        end
        work_and_collect(rounds / 4)
        local before, counted = resident(), collectgarbage "count"
        work_and_collect(rounds)
        assert.is_true(collectgarbage "count" - counted < 64)
        local grown = resident() - before
        assert.is_true(grown <= 256, ("grew by %d KiB in %d rounds"):format(grown, rounds))
    end)
end)
