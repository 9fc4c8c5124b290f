--- Windows' Security Support Provider Interface for Linux.
--
--     local sspi = require "sspi"
--     local credential = assert(sspi.credential{package = "NTLM", accounts = "sqlite:/etc/sspi/accounts.db"})
--     local context = credential:accept{}
--     local token, status = context:step(token_from_client)   -- send token, until context:is_complete()
--     print(context:client_name())                            -- EXAMPLE\alice
--
-- A failure gives nil, its sense, the name of its status and, where there is one, a token for the peer. Misuse (a wrong
-- type, a closed object) raises an error. The functions of Windows' own interface are in "sspi.core".

local core = require "sspi.core"

local sspi = { core = core }

local USES = { accept = core.SECPKG_CRED_INBOUND, initiate = core.SECPKG_CRED_OUTBOUND, both = core.SECPKG_CRED_BOTH }
local TOKEN, DATA, BINDINGS = core.SECBUFFER_TOKEN, core.SECBUFFER_DATA, core.SECBUFFER_CHANNEL_BINDINGS
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
sspi.accept_flags, sspi.init_flags = ACCEPT_FLAGS, INIT_FLAGS
local USUAL = { "confidentiality", "integrity", "replay_detect", "sequence_detect" }

local function misuse(text, ...)
    error("sspi: " .. text:format(...), 3)
end

local function flags_number(flags, names)
    if flags == nil then flags = USUAL end
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

--- The binary block of channel bindings for application data.
local function bindings_block(data)
    if data == nil then return nil end
    if type(data) ~= "string" then misuse("channel_bindings must be a string, not %s", type(data)) end
    return assert(core.SspiMakeChannelBindings(data))
end

-- A result of core, whose failures also carry an explanation and a reason: only what scripts get.
local function result(value, sense, name)
    if value then return value end
    return nil, sense, name
end

-- ------------------------------------------------------------------------------------------------ contexts

local Context = {}
Context.__index = Context
Context.__name = "sspi.context"

local function new_context(credential, options, names, initiator)
    options = options or {}
    if type(options) ~= "table" then misuse("options must be a table, not %s", type(options)) end
    if options.target ~= nil and type(options.target) ~= "string" then
        misuse("target must be a string, not %s", type(options.target))
    end
    return setmetatable({
        credential = credential,
        request = flags_number(options.flags, names),
        bindings = bindings_block(options.channel_bindings),
        target = options.target,
        initiator = initiator,
        state = CONTINUE,
        attributes = 0,
        ends = 0,
        said = "",
        why = 0,
    }, Context)
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
        output = output[1]
    end
    self.handle, self.state, self.attributes, self.ends = handle, status, attributes, expiry
    return output and tostring(output) or "", sspi.status_name(status)
end

--- Takes the peer's token, gives the next one to send ("" for nothing) and the name of the status.
-- A failed login gives nil, its sense, the name of its status, and a token for the peer or nil.
function Context:step(token)
    if token ~= nil and type(token) ~= "string" then misuse("token must be a string, not %s", type(token)) end
    if self.shut then misuse("the context is closed") end
    local credential, input = self.credential.handle, input_of(self, token)
    if self.initiator then
        return leg_done(self, core.InitializeSecurityContext(credential, self.handle, self.target, self.request, 0, input))
    end
    local output = self.bindings and { TOKEN, { BINDINGS_RESULT, 4 } } or nil
    return leg_done(self, core.AcceptSecurityContext(credential, self.handle, input, self.request, 0, output))
end

--- True when the login has succeeded.
function Context:is_complete()
    return self.state == COMPLETE
end

local function open_handle(self)
    if self.shut then misuse("the context is closed") end
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
    if not self.handle or self.shut or self.said ~= "" then return self.said end
    return core.SspiExplainContext(self.handle) or self.said
end

--- SSPI_REASON_* of the last failure. Not for the peer.
function Context:reason()
    if not self.handle or self.shut then return self.why end
    return core.SspiQueryContextReason(self.handle) or self.why
end

--- What became of the channel bindings: SEC_CHANNEL_BINDINGS_RESULT_* bits, on a server that gave some.
function Context:bindings_result()
    local said = self.bindings_said
    if not said or #said < 4 then return 0 end
    local a, b, c, d = said:byte(1, 4)
    return a + b * 256 + c * 65536 + d * 16777216
end

-- ------------------------------------------------------------------------------------------------ messages

local function message_string(data, what)
    if type(data) ~= "string" then error(("sspi: %s must be a string, not %s"):format(what, type(data)), 3) end
    return data
end

local function trailer_size(self)
    if not self.trailer then
        local sizes, sense, name = self:sizes()
        if not sizes then return nil, sense, name end
        self.trailer = sizes.security_trailer
    end
    return self.trailer
end

--- Encrypts a message: cipher text and signature.
function Context:encrypt(data)
    message_string(data, "data")
    local handle = open_handle(self)
    local trailer, sense, name = trailer_size(self)
    if not trailer then return nil, sense, name end
    local buffers
    buffers, sense, name = core.EncryptMessage(handle, 0, { { TOKEN, trailer }, { DATA, data } }, 0)
    if not buffers then return nil, sense, name end
    return buffers[2][2], buffers[1][2]
end

--- Decrypts a message and checks its signature.
function Context:decrypt(ciphertext, signature)
    message_string(ciphertext, "ciphertext")
    message_string(signature, "signature")
    local message = { { TOKEN, signature }, { DATA, ciphertext } }
    local status, buffers, name = core.DecryptMessage(open_handle(self), message, 0)
    if not status then return nil, buffers, name end
    return buffers[2][2]
end

--- Encrypts a message into one piece: signature first, then cipher text.
function Context:wrap(data)
    local ciphertext, signature, name = self:encrypt(message_string(data, "data"))
    if not ciphertext then return nil, signature, name end
    return signature .. ciphertext
end

--- Undoes the peer's wrap.
function Context:unwrap(message)
    message_string(message, "message")
    open_handle(self)
    local trailer, sense, name = trailer_size(self)
    if not trailer then return nil, sense, name end
    return self:decrypt(message:sub(trailer + 1), message:sub(1, trailer))
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
    if self.handle and not self.shut then
        self.said, self.why = self:explain(), self:reason()
        self.handle:close()
    end
    self.shut = true
end

Context.__close = Context.close
Context.__gc = Context.close

function Context:__tostring()
    local what = self.shut and "closed" or self:is_complete() and "complete" or "in progress"
    return ("sspi.context (%s, %s)"):format(self.initiator and "client" or "server", what)
end

-- ------------------------------------------------------------------------------------------------ account stores

local Store = {}
Store.__index = Store
Store.__name = "sspi.account_store"

local function new_store(handle, sense, name)
    if not handle then return nil, sense, name end
    return setmetatable({ handle = handle }, Store)
end

--- Opens a store: "sqlite:PATH", "ntlm-user-file:PATH", "smbpasswd:PATH", "memory:"; a bare path is SQLite.
function sspi.account_store(location)
    return new_store(core.SspiAccountStoreOpen(location))
end

--- Makes an SQLite store, or opens the one that is there.
function sspi.create_account_store(location)
    return new_store(core.SspiAccountStoreCreate(location))
end

--- A store that asks function(user, domain), which gives a password, {password=, nt_hash=, disabled=}, or nil.
function sspi.lookup_store(lookup)
    return new_store(core.SspiAccountStoreFromCallback(lookup))
end

--- Adds an account, replacing any of the same name.
function Store:add(user, password, domain)
    return result(core.SspiAccountStoreAdd(self.handle, user, domain, password))
end

--- Adds an account by the 16 bytes of its NT hash.
function Store:add_nt_hash(user, nt_hash, domain)
    return result(core.SspiAccountStoreAddNtHash(self.handle, user, domain, nt_hash))
end

--- Removes an account.
function Store:remove(user, domain)
    return result(core.SspiAccountStoreRemove(self.handle, user, domain))
end

--- Disables or enables an account.
function Store:set_disabled(user, disabled, domain)
    return result(core.SspiAccountStoreSetDisabled(self.handle, user, domain, disabled))
end

--- Copies every account of another store; how many they were.
function Store:import_from(location)
    return result(core.SspiAccountStoreImport(self.handle, location))
end

--- A list of {user, domain, disabled, locked}, sorted by domain and user.
function Store:list()
    local rows, sense, name = core.SspiAccountStoreList(self.handle)
    if not rows then return nil, sense, name end
    local accounts = {}
    for i, row in ipairs(rows) do
        accounts[i] = {
            user = row.User,
            domain = row.Domain,
            disabled = row.Flags % 2 == 1,
            locked = math.floor(row.Flags / core.SSPI_ACCOUNT_LOCKED) % 2 == 1,
        }
    end
    return accounts
end

--- Releases the store; credentials that use it keep it. May be repeated.
function Store:close()
    self.handle:close()
end

Store.__close = Store.close

function Store:__tostring()
    return ("sspi.account_store (%s)"):format(self.handle:closed() and "closed" or "open")
end

-- ------------------------------------------------------------------------------------------------ credentials

local Credential = {}
Credential.__index = Credential
Credential.__name = "sspi.credential"

local function event_receiver(on_event)
    return function(row)
        on_event {
            time = row.Time / 10000000 - UNIX_EPOCH,
            package = row.Package,
            client_name = row.ClientName,
            workstation = row.Workstation,
            status = sspi.status_name(row.Status),
            reason = row.Reason,
            explanation = row.Explanation,
        }
    end
end

local function store_of(accounts)
    if getmetatable(accounts) == Store then return accounts end
    if type(accounts) == "string" then return sspi.account_store(accounts) end
    if type(accounts) == "function" then return sspi.lookup_store(accounts) end
    error(("sspi: accounts must be a store, a location or a function, not %s"):format(type(accounts)), 4)
end

local function option_text(value)
    if value == true then return "yes" end
    if value == false then return "no" end
    if type(value) == "number" then return ("%d"):format(value) end
    return value
end

-- Everything that is set after the credential is there: true, or nil, sense, name.
local function configure(handle, settings)
    local done, sense, name = true, nil, nil
    if settings.nt_hash ~= nil then done, sense, name = core.SspiCredentialSetNtHash(handle, settings.nt_hash) end
    if not done then return nil, sense, name end
    for option, value in pairs(settings.options or {}) do
        done, sense, name = core.SspiCredentialSetOption(handle, option, option_text(value))
        if not done then return nil, sense, name end
    end
    if settings.accounts ~= nil then
        local store
        store, sense, name = store_of(settings.accounts)
        if not store then return nil, sense, name end
        done, sense, name = core.SspiCredentialSetAccountStore(handle, store.handle)
        if not done then return nil, sense, name end
    end
    if settings.on_event ~= nil then
        if type(settings.on_event) ~= "function" then
            error(("sspi: on_event must be a function, not %s"):format(type(settings.on_event)), 3)
        end
        return core.SspiCredentialSetEventCallback(handle, event_receiver(settings.on_event))
    end
    return true
end

local SETTINGS = {
    package = true, usage = true, username = true, domain = true, password = true, nt_hash = true, accounts = true,
    options = true, on_event = true,
}

--- Makes a credential: package, usage ("accept", "initiate", "both"), username, domain, password, nt_hash, accounts (a
-- store, a location, or function(user, domain)), options ({name = value}), on_event (function(event)).
function sspi.credential(settings)
    if type(settings) ~= "table" then misuse("credential takes a table, not %s", type(settings)) end
    for name in pairs(settings) do
        if not SETTINGS[name] then misuse("credential does not know '%s'", tostring(name)) end
    end
    local use = USES[settings.usage or "accept"]
    if not use then misuse("usage must be 'accept', 'initiate' or 'both', not '%s'", tostring(settings.usage)) end
    local identity
    if settings.username or settings.domain or settings.password then
        identity = { user = settings.username, domain = settings.domain, password = settings.password }
    end
    local handle, sense, name = core.AcquireCredentialsHandle(nil, settings.package or "NTLM", use, identity)
    if not handle then return nil, sense, name end
    local done
    done, sense, name = configure(handle, settings)
    if not done then
        handle:close()
        return nil, sense, name
    end
    return setmetatable({ handle = handle, package_name = settings.package or "NTLM" }, Credential)
end

--- A server's context: flags, channel_bindings ("tls-server-end-point:" and the hash).
function Credential:accept(options)
    return new_context(self, options, ACCEPT_FLAGS, false)
end

--- A client's context: target, flags, channel_bindings.
function Credential:initiate(options)
    return new_context(self, options, INIT_FLAGS, true)
end

--- The package's name, as it was given.
function Credential:package()
    return self.package_name
end

--- Releases the credential; its contexts go on. May be repeated.
function Credential:close()
    self.handle:close()
end

Credential.__close = Credential.close

function Credential:__tostring()
    return ("sspi.credential (%s, %s)"):format(self.package_name, self.handle:closed() and "closed" or "open")
end

-- ------------------------------------------------------------------------------------------------ the library

--- The symbolic name of a status number.
function sspi.status_name(status)
    local known = core.statuses[status]
    return known and known[1] or core.SspiStatusName(status)
end

--- A list of {name, comment, capabilities, max_token}.
function sspi.packages()
    local rows, sense, name = core.EnumerateSecurityPackages()
    if not rows then return nil, sense, name end
    local list = {}
    for i, row in ipairs(rows) do
        list[i] = { name = row.Name, comment = row.Comment, capabilities = row.fCapabilities, max_token = row.cbMaxToken }
    end
    return list
end

--- A list of {name, values, default, description}.
function sspi.options()
    local rows, sense, name = core.SspiEnumerateOptions()
    if not rows then return nil, sense, name end
    local list = {}
    for i, row in ipairs(rows) do
        list[i] = { name = row.Name, values = row.Values, default = row.Default, description = row.Description }
    end
    return list
end

return sspi
