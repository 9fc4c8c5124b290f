--- The two ends of a login: what credential:accept and credential:initiate make. Part of the module "sspi".

local core = require "sspi.core"

local TOKEN, DATA, PADDING = core.SECBUFFER_TOKEN, core.SECBUFFER_DATA, core.SECBUFFER_PADDING
local STREAM, BINDINGS = core.SECBUFFER_STREAM, core.SECBUFFER_CHANNEL_BINDINGS
local BINDINGS_RESULT = core.SECBUFFER_CHANNEL_BINDINGS_RESULT
local COMPLETE, CONTINUE = core.SEC_E_OK, core.SEC_I_CONTINUE_NEEDED
local FOREVER = 2650467743999999999 -- the year 9999, in 100 ns since 1601
local UNIX_EPOCH = 11644473600 -- 1970, in seconds since 1601

-- Bits of the flags argument, by the names that both ends share; a table of names or a number is taken.
local ACCEPT_FLAGS, INIT_FLAGS = {}, {}
for name, value in pairs(core) do
    if type(value) == "number" then
        local short = name:match("^ASC_REQ_(.+)$")
        if short then ACCEPT_FLAGS[short:lower()] = value end
        short = name:match("^ISC_REQ_(.+)$")
        if short then INIT_FLAGS[short:lower()] = value end
    end
end
local USUAL = { "confidentiality", "integrity", "replay_detect", "sequence_detect" }

local layer_files = { [debug.getinfo(1, "S").source] = true }

-- An error at the line of the script, however deep in the files of the layer it is found.
local function misuse(text, ...)
    local level = 2
    while layer_files[(debug.getinfo(level, "S") or {}).source] do level = level + 1 end
    error("sspi: " .. text:format(...), level)
end

local function flags_number(flags, names)
    if type(flags) == "number" then return flags end
    if type(flags) ~= "table" then misuse("flags must be a number or a list of names, not %s", type(flags)) end
    local number, seen = 0, {}
    for _, name in ipairs(flags) do
        local bit = names[name]
        if not bit then misuse("unknown flag '%s'", tostring(name)) end
        if not seen[bit] then number, seen[bit] = number + bit, true end
    end
    return number
end

local USUAL_ACCEPT, USUAL_INIT = flags_number(USUAL, ACCEPT_FLAGS), flags_number(USUAL, INIT_FLAGS)

--- The binary block of channel bindings for application data.
local function bindings_block(data)
    if data == nil then return nil end
    if type(data) ~= "string" then misuse("channel_bindings must be a string, not %s", type(data)) end
    return assert(core.SspiMakeChannelBindings(data))
end

-- The two functions of a leg are those of SASL in "sspi.sasl".
local Context = { __accept_leg = core.AcceptSecurityContext, __initiate_leg = core.InitializeSecurityContext }
Context.__index = Context
Context.__name = "sspi.context"

local ACCEPT_OPTIONS = { flags = true, channel_bindings = true }
local INITIATE_OPTIONS = { flags = true, channel_bindings = true, target = true }

local function check_options(options, initiator)
    local known, method = initiator and INITIATE_OPTIONS or ACCEPT_OPTIONS, initiator and "initiate" or "accept"
    for name in pairs(options) do
        if not known[name] then misuse("%s does not know '%s'", method, tostring(name)) end
    end
end

--- A new context. `initiator`: the client's end.
local function new_context(credential, options, initiator)
    if options == nil then options = {} end
    if type(options) ~= "table" then misuse("options must be a table, not %s", type(options)) end
    check_options(options, initiator)
    if options.target ~= nil and type(options.target) ~= "string" then
        misuse("target must be a string, not %s", type(options.target))
    end
    local request = initiator and USUAL_INIT or USUAL_ACCEPT
    if options.flags ~= nil then
        request = flags_number(options.flags, initiator and INIT_FLAGS or ACCEPT_FLAGS)
    end
    return setmetatable({
        credential = credential,
        request = request,
        bindings = bindings_block(options.channel_bindings) or false, -- not nil: what is there need not be sought further
        target = options.target,
        initiator = initiator,
        state = CONTINUE,
        attributes = 0,
        ends = 0,
        said = "",
        why = 0,
        shut = false,
    }, Context)
end

--- The symbolic name of a status number.
local function status_name(status)
    local known = core.statuses[status]
    return known and known[1] or core.SspiStatusName(status)
end

-- What to pass as pInput.
local function input_of(self, token)
    if token == "" then token = nil end
    if not self.bindings then return token end
    if not token then return { { BINDINGS, self.bindings } } end
    return { { TOKEN, token }, { BINDINGS, self.bindings } }
end

-- The results of a leg, into the context.
local function leg_done(self, status, handle, output, attributes, expiry, reason)
    if not status then
        self.state, self.said, self.why = output, expiry, reason
        return nil, handle, output, attributes -- nil, sense, name, token
    end
    if type(output) == "table" then
        self.bindings_said = output[2]
        output = output[1] and tostring(output[1])
    end
    self.handle, self.state, self.attributes, self.ends = handle, status, attributes, expiry
    self.said, self.why = "", 0 -- of an earlier step that failed
    return output or "", status_name(status)
end

--- Takes the peer's token, gives the next one to send ("" for nothing) and the name of the status.
-- A failed login gives nil, its sense, the name of its status, and a token for the peer or nil.
function Context:step(token)
    if token ~= nil and type(token) ~= "string" then misuse("token must be a string, not %s", type(token)) end
    if self.shut then misuse("the context is closed") end
    local credential, input = self.credential.handle, input_of(self, token)
    if self.initiator then
        return leg_done(self, self.__initiate_leg(credential, self.handle, self.target, self.request, 0, input))
    end
    local output = self.bindings and { TOKEN, { BINDINGS_RESULT, 4 } } or nil
    return leg_done(self, self.__accept_leg(credential, self.handle, input, self.request, 0, output))
end

local function is_shut(self)
    return self.shut or self.handle and self.handle:closed()
end

--- True when the login has succeeded. False once the context is closed.
function Context:is_complete()
    return self.state == COMPLETE and not is_shut(self)
end

local function open_handle(self)
    if is_shut(self) then misuse("the context is closed") end
    if not self.handle then misuse("the context has not begun: call step first") end
    return self.handle
end

local function attribute(self, number, member)
    local row, sense, name = core.QueryContextAttributes(open_handle(self), number)
    if not row then return nil, sense, name end
    if member then return row[member] end
    return row
end

--- Who logged in, DOMAIN\user.
function Context:client_name()
    return attribute(self, core.SECPKG_ATTR_NAMES, "sUserName")
end

--- The package at work; with Negotiate the one that was chosen.
function Context:package()
    local info, sense, name = attribute(self, core.SECPKG_ATTR_PACKAGE_INFO, "PackageInfo")
    if not info then return nil, sense, name end
    return info.Name
end

--- The key that both ends share. A secret.
function Context:session_key()
    return attribute(self, core.SECPKG_ATTR_SESSION_KEY, "SessionKey")
end

--- The service the client named, e.g. HTTP/www.example.com.
function Context:target_name()
    return attribute(self, core.SECPKG_ATTR_CLIENT_SPECIFIED_TARGET, "sTargetName")
end

--- {max_token, max_signature, block_size, security_trailer}, in bytes.
function Context:sizes()
    local row, sense, name = attribute(self, core.SECPKG_ATTR_SIZES)
    if not row then return nil, sense, name end
    return {
        max_token = row.cbMaxToken,
        max_signature = row.cbMaxSignature,
        block_size = row.cbBlockSize,
        security_trailer = row.cbSecurityTrailer,
    }
end

--- {signature_algorithm, encrypt_algorithm, key_size (bits)}.
function Context:key_info()
    local row, sense, name = attribute(self, core.SECPKG_ATTR_KEY_INFO)
    if not row then return nil, sense, name end
    return {
        signature_algorithm = row.sSignatureAlgorithmName,
        encrypt_algorithm = row.sEncryptAlgorithmName,
        key_size = row.KeySize,
    }
end

--- The flags that were agreed: a set of names, and the number.
function Context:flags()
    local names, set = self.initiator and INIT_FLAGS or ACCEPT_FLAGS, {}
    for name, bit in pairs(names) do
        if math.floor(self.attributes / bit) % 2 == 1 then set[name] = true end
    end
    set.allocate_memory = nil
    return set, self.attributes
end

--- Seconds since 1970 until which the context is good; nil if it does not expire.
function Context:expiry()
    if self.ends <= 0 or self.ends > FOREVER then return nil end
    local utc = os.time(os.date("!*t", 86400))
    return math.floor(self.ends / 10000000) - UNIX_EPOCH - (86400 - utc)
end

--- One sentence for the operator: why it failed, or who was logged in and how. Not for the peer.
function Context:explain()
    if not self.handle or is_shut(self) or self.said ~= "" then return self.said end
    return core.SspiExplainContext(self.handle) or self.said
end

--- SSPI_REASON_* of the last failure. Not for the peer.
function Context:reason()
    if not self.handle or is_shut(self) then return self.why end
    return core.SspiQueryContextReason(self.handle) or self.why
end

--- What became of the channel bindings: SEC_CHANNEL_BINDINGS_RESULT_* bits, on a server that gave some.
function Context:bindings_result()
    local said = self.bindings_said
    if not said or #said < 4 then return 0 end
    local a, b, c, d = said:byte(1, 4)
    return a + b * 256 + c * 65536 + d * 16777216
end

local IDENTITY_NUMBERS = { account_flags = true, user_flags = true }

--- Who the client is, verified: {user, domain, principal, realm, upn, dns_domain, logon_server, sid, account_flags,
-- user_flags, groups}, as far as the package knows; groups are {sid, attributes}. For a server's context.
function Context:identity()
    local rows, sense, name = core.SspiListIdentity(open_handle(self))
    if not rows and name ~= "SEC_E_UNSUPPORTED_FUNCTION" then return nil, sense, name end
    local identity = { groups = {} }
    for _, row in ipairs(rows or {}) do
        if row.Name == "group" then
            table.insert(identity.groups, { sid = row.Value, attributes = row.Number })
        else
            identity[row.Name] = IDENTITY_NUMBERS[row.Name] and row.Number or row.Value
        end
    end
    if not rows or #rows == 0 then -- no more than the name, as with NTLM
        local client
        client, sense, name = self:client_name()
        if not client then return nil, sense, name end
        identity.domain, identity.user = client:match "^(.-)\\?([^\\]*)$"
    end
    return identity
end

local credential_of

--- What the client lent, to log in elsewhere as the client: a credential that may outlive this context. The context must
-- have been made with the flag "delegate".
function Context:delegated_credential()
    local handle, sense, name = core.SspiAcquireDelegatedCredential(open_handle(self))
    if not handle then return nil, sense, name end
    return credential_of(handle, self.credential.package_name)
end

--- A credential to log in elsewhere as the client, who lent nothing, as far as the KDC lets this server (S4U2Proxy). The
-- server's credential needs options = {constrained_delegation = "clients"}. Waits for the KDC.
function Context:constrained_credential()
    local handle, sense, name = core.SspiAcquireConstrainedCredential(open_handle(self))
    if not handle then return nil, sense, name end
    return credential_of(handle, self.credential.package_name)
end

-- ------------------------------------------------------------------------------------------------ messages

local function message_string(data, what)
    if type(data) ~= "string" then misuse("%s must be a string, not %s", what, type(data)) end
    return data
end

--- The buffers of a message: signature, cipher text, and the padding that some keys need behind it.
local function sealed(self, data)
    message_string(data, "data")
    local handle = open_handle(self)
    if not self.trailer then
        local sizes, sense, name = self:sizes()
        if not sizes then return nil, sense, name end
        self.trailer, self.block = sizes.security_trailer, sizes.block_size
    end
    local message = { { TOKEN, self.trailer }, { DATA, data }, { PADDING, self.block } }
    local buffers, sense, name = core.EncryptMessage(handle, 0, message, 0)
    if not buffers then return nil, sense, name end
    return buffers[1][2], buffers[2][2] .. buffers[3][2]
end

--- Encrypts a message: cipher text and signature.
function Context:encrypt(data)
    local signature, ciphertext, name = sealed(self, data)
    if not signature then return nil, ciphertext, name end
    return ciphertext, signature
end

--- Decrypts a message and checks its signature.
function Context:decrypt(ciphertext, signature)
    message_string(ciphertext, "ciphertext")
    message_string(signature, "signature")
    return self:unwrap(signature .. ciphertext)
end

--- Encrypts a message into one piece: signature first, then cipher text. As gss_wrap.
function Context:wrap(data)
    local signature, ciphertext, name = sealed(self, data)
    if not signature then return nil, ciphertext, name end
    return signature .. ciphertext
end

--- Undoes the peer's wrap, or gss_wrap, which may have signed alone.
function Context:unwrap(message)
    message_string(message, "message")
    local status, buffers, name = core.DecryptMessage(open_handle(self), { { STREAM, message }, { DATA, "" } }, 0)
    if not status then return nil, buffers, name end
    return buffers[2][2]
end

--- Signs a message, which is sent as it is beside the signature.
function Context:sign(data)
    message_string(data, "data")
    local sizes, sense, name = self:sizes()
    if not sizes then return nil, sense, name end
    local buffers
    buffers, sense, name = core.MakeSignature(self.handle, 0, { { DATA, data }, { TOKEN, sizes.max_signature } }, 0)
    if not buffers then return nil, sense, name end
    return buffers[2][2]
end

--- Checks the peer's signature: true, or nil, sense, name.
function Context:verify(data, signature)
    message_string(data, "data")
    message_string(signature, "signature")
    local qop, sense, name = core.VerifySignature(open_handle(self), { { DATA, data }, { TOKEN, signature } }, 0)
    if not qop then return nil, sense, name end
    return true
end

--- Releases the context. May be repeated.
function Context:close()
    local handle = self.handle
    if handle and not is_shut(self) then
        if self.said == "" then self.said = core.SspiExplainContext(handle) or "" end
        self.why = core.SspiQueryContextReason(handle) or self.why
        handle:close()
    end
    self.shut = true
end

Context.__close = Context.close

function Context:__tostring()
    local words = { self.initiator and "client" or "server", self.credential.package_name, "in progress" }
    if is_shut(self) then
        words[3] = "closed"
    elseif self:is_complete() then
        words[3] = "complete"
        local asked, name = pcall(self.client_name, self) -- an error within a callback of this context's own step
        if asked then words[4] = name end
    end
    return ("sspi.context (%s)"):format(table.concat(words, ", "))
end

return {
    Context = Context,
    new = new_context,
    misuse = misuse,
    layer_files = layer_files,
    lend = function(make) credential_of = make end,
    status_name = status_name,
    accept_flags = ACCEPT_FLAGS,
    init_flags = INIT_FLAGS,
}
