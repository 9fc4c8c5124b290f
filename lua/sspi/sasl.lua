--- The two ends of a SASL login (RFC 4422): what credential:sasl_server and credential:sasl_client make. Part of the
-- module "sspi".

local core = require "sspi.core"
local context = require "sspi.context"

local LAYERS = {
    [core.SSPI_SASL_LAYER_NONE] = "none",
    [core.SSPI_SASL_LAYER_INTEGRITY] = "integrity",
    [core.SSPI_SASL_LAYER_CONFIDENTIALITY] = "confidentiality",
}

local misuse = context.misuse
context.layer_files[debug.getinfo(1, "S").source] = true

local Sasl = setmetatable({
    __accept_leg = core.SaslAcceptSecurityContext,
    __initiate_leg = core.SaslInitializeSecurityContext,
}, { __index = context.Context })
Sasl.__index = Sasl
Sasl.__name = "sspi.sasl"
Sasl.__close = context.Context.__close
Sasl.__tostring = context.Context.__tostring

-- The mechanism in capitals, if the credential's package serves it: or nil, sense, name.
local function mechanism_of(credential, mechanism)
    if type(mechanism) ~= "string" then misuse("mechanism must be a string, not %s", type(mechanism)) end
    local info, sense, name = core.SaslGetProfilePackage(mechanism)
    if not info then return nil, sense, name end
    if info.Name:lower() ~= credential:package():lower() then
        misuse("mechanism %s needs a credential for %s, not for %s", mechanism, info.Name, credential:package())
    end
    return mechanism:upper()
end

-- One end: the context with the legs and messages of SASL.
local function new_sasl(credential, mechanism, options, initiator)
    local name, sense, code = mechanism_of(credential, mechanism)
    if not name then return nil, sense, code end
    local rest, authorization = {}, nil
    if options ~= nil and type(options) ~= "table" then misuse("options must be a table, not %s", type(options)) end
    for key, value in pairs(options or {}) do
        if key == "authorization_id" and initiator then
            if type(value) ~= "string" then misuse("authorization_id must be a string, not %s", type(value)) end
            authorization = value
        else
            rest[key] = value
        end
    end
    if initiator and rest.flags == nil then
        rest.flags = { "confidentiality", "integrity", "replay_detect", "sequence_detect", "mutual_auth" }
    end
    local made = context.new(credential, rest, initiator)
    made.mechanism_name, made.authorization, made.received = name, authorization, ""
    return setmetatable(made, Sasl)
end

--- Takes the peer's token, gives the next one to send and the name of the status; as a context's step. A server asks
-- for the client's initial response by an empty challenge. A last token may come with success: send it as the
-- additional data of success, or as one more challenge.
function Sasl:step(token)
    if not self.initiator and not self.handle and not self.shut and (token == nil or token == "") then
        return "", "SEC_I_CONTINUE_NEEDED"
    end
    local first = not self.handle
    local reply, status, code, for_peer = context.Context.step(self, token)
    if reply and first and self.authorization and self.authorization ~= "" then
        local set, sense, name = core.SaslSetContextOption(self.handle, core.SASL_OPTION_AUTHZ_STRING, self.authorization)
        if not set then return nil, sense, name end
    end
    if not reply then return nil, status, code, for_peer end
    return reply, status
end

--- The mechanism's name.
function Sasl:mechanism()
    return self.mechanism_name
end

--- How messages are protected from now on: "none", "integrity", "confidentiality"; nil until the login is complete.
function Sasl:layer()
    if not self:is_complete() then return nil end
    local layer, sense, name = core.SspiSaslQueryLayer(self.handle)
    if not layer then return nil, sense, name end
    return LAYERS[layer]
end

--- Whom the client asked to act as; "" for itself.
function Sasl:authorization_id()
    if self.shut then misuse("the context is closed") end
    if not self.handle then misuse("the context has not begun: call step first") end
    return core.SspiSaslQueryAuthorization(self.handle)
end

local function check_data(self, data, what)
    if type(data) ~= "string" then misuse("%s must be a string, not %s", what, type(data)) end
    if self.shut then misuse("the context is closed") end
    if not self.handle then misuse("the context has not begun: call step first") end
end

--- What to send in place of the data: protected messages with their lengths, none longer than the peer takes.
function Sasl:wrap(data)
    check_data(self, data, "data")
    local message, sense, name = core.SspiSaslWrap(self.handle, data)
    if not message then return nil, sense, name end
    return tostring(message)
end

--- Takes what was received, in pieces of any size; gives the data of every message that is whole by now.
function Sasl:unwrap(message)
    check_data(self, message, "message")
    local plain = {}
    self.received = self.received .. message
    while self.received ~= "" do
        local taken, data, name = core.SspiSaslUnwrap(self.handle, self.received)
        if not taken then
            if name == "SEC_E_INCOMPLETE_MESSAGE" then break end
            return nil, data, name
        end
        plain[#plain + 1] = tostring(data)
        self.received = self.received:sub(taken + 1)
    end
    return table.concat(plain)
end

return {
    server = function(credential, mechanism, options) return new_sasl(credential, mechanism, options, false) end,
    client = function(credential, mechanism, options) return new_sasl(credential, mechanism, options, true) end,
}
