-- Every argument of every generated function x {nil, wrong types, wrong values}: the error names the argument.
-- The list of functions and their shapes is the generator's own.
local sspi = require "sspi"
local support = require "support"
local core = sspi.core

local folder = debug.getinfo(1, "S").source:match "^@(.*)/[^/]*$" or "."
local pipe = assert(io.popen("python3 -B '" .. folder .. "/signatures.py'"))
local calls = assert(load(pipe:read "a"))()
pipe:close()

local function objects()
    local server = support.pair()
    return {
        CredHandle = server.credential.handle,
        CtxtHandle = server.handle,
        SspiAccountStore = support.store().handle,
        void = assert(core.SspiMakeChannelBindings "data"),
    }
end

local GOOD = {
    TextIn = function() return "NTLM" end,
    BytesIn = function() return "0123456789abcdef" end,
    NumberIn = function() return 1 end,
    FlagIn = function() return false end,
    IdentityIn = function() return { user = "user", domain = "domain", password = "password" } end,
    BuffersIn = function() return { { 2, "0123456789abcdef" }, { 1, "data" } } end,
    BuffersOut = function() return { 2 } end,
    CallbackIn = function() return function() end end,
}

local function good(input, has)
    if GOOD[input.shape] then return GOOD[input.shape]() end
    return has[input.kind]
end

local function seventeen(item)
    local list = {}
    for i = 1, 17 do list[i] = item end
    return list
end

local BAD = {
    TextIn = { 1, true, {}, print, "a\0b" },
    BytesIn = { 1, true, {}, print },
    NumberIn = { "1", true, {}, print, 1.5, 2 ^ 32, -2 ^ 31 - 1, 0 / 0, 1 / 0 },
    FlagIn = { 0, 1, "x", {} },
    IdentityIn = { "user", 1, true, { user = 1 }, { password = {} }, { domain = true } },
    BuffersIn = { 1, true, print, { 1 }, { { 1 } }, { { "a", "" } }, { { -1, "" } }, { { 2 ^ 32, "" } }, { { 1, {} } },
        seventeen { 2, "x" } },
    BuffersOut = { 1, true, "x", { "x" }, { {} }, { -1 }, { 2 ^ 32 }, { { 2, {} } }, { { 2, -1 } }, { { 2, 0.5 } },
        seventeen(2) },
    CallbackIn = { 1, true, "x", {} },
}

local function bad(input, has)
    local list = {}
    for i, value in ipairs(BAD[input.shape] or { 1, true, "x", {}, print, io.stdout }) do list[i] = value end
    if not BAD[input.shape] then
        for kind, object in pairs(has) do
            if kind ~= input.kind then list[#list + 1] = object end
        end
    end
    if input.shape == "NumberIn" and not input.signed then list[#list + 1] = -1 end
    return list
end

local function refused(call, input, ...)
    local done, message = pcall(core[call.name], ...)
    assert.is_false(done, call.name .. " took a wrong " .. input.name)
    message = tostring(message)
    assert.truthy(message:find(call.name, 1, true), message)
    assert.truthy(message:find("'" .. input.name .. "'", 1, true), message)
end

local unpack = table.unpack or unpack -- luacheck: ignore

describe("each argument is named in", function()
    for _, call in ipairs(calls) do
        it(call.name, function()
            local has = objects()
            for position, input in ipairs(call.inputs) do
                local arguments = {}
                for i, other in ipairs(call.inputs) do arguments[i] = good(other, has) end
                local values = bad(input, has)
                assert.is_true(#values > 3)
                for _, value in ipairs(values) do
                    arguments[position] = value
                    refused(call, input, unpack(arguments, 1, #call.inputs))
                end
                if not input.optional then
                    arguments[position] = nil
                    refused(call, input, unpack(arguments, 1, #call.inputs))
                end
            end
            if not call.releases then
                assert.has_error(function() core[call.name](unpack({}, 1, #call.inputs + 1)) end)
            end
        end)
    end
end)

describe("closed objects are refused by", function()
    for _, call in ipairs(calls) do
        for position, input in ipairs(call.inputs) do
            if not call.releases and (input.shape == "HandleIn" or input.shape == "ContextStep") then
                it(call.name .. " as " .. input.name, function()
                    local has, arguments = objects(), {}
                    for i, other in ipairs(call.inputs) do arguments[i] = good(other, has) end
                    arguments[position]:close()
                    local done, message = pcall(core[call.name], unpack(arguments, 1, #call.inputs))
                    assert.is_false(done)
                    assert.truthy(message:find("'" .. input.name .. "' is closed", 1, true), message)
                end)
            end
        end
    end
end)

describe("closed memory is refused by", function()
    for _, call in ipairs(calls) do
        for position, input in ipairs(call.inputs) do
            if input.shape == "BytesIn" or input.shape == "BuffersIn" then
                it(call.name .. " as " .. input.name, function()
                    local has, arguments = objects(), {}
                    for i, other in ipairs(call.inputs) do arguments[i] = good(other, has) end
                    arguments[position] = has.void
                    has.void:close()
                    local done, message = pcall(core[call.name], unpack(arguments, 1, #call.inputs))
                    assert.is_false(done)
                    assert.truthy(message:find("'" .. input.name .. "' is closed", 1, true), message)
                end)
            end
        end
    end
end)

describe("an attribute number", function()
    it("that has no structure is refused", function()
        local has = objects()
        for name, handle in pairs { QueryContextAttributes = has.CtxtHandle, QueryCredentialsAttributes = has.CredHandle } do
            local done, message = pcall(core[name], handle, 0x7777)
            assert.is_false(done)
            assert.truthy(message:find("'ulAttribute' is not the number of an attribute", 1, true), message)
        end
    end)
end)

describe("the module", function()
    it("has every function, and the values of the header", function()
        for _, call in ipairs(calls) do assert.is_function(core[call.name]) end
        assert.are.equal(2148074252, core.SEC_E_LOGON_DENIED)
        assert.are.equal("NTLM", core.NTLMSP_NAME)
        assert.are.equal("SEC_E_LOGON_DENIED", core.statuses[core.SEC_E_LOGON_DENIED][1])
    end)
end)
