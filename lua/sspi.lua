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
local context = require "sspi.context"
local sasl = require "sspi.sasl"

local sspi = {
    core = core,
    status_name = context.status_name,
    accept_flags = context.accept_flags, -- what the flags of accept may name
    init_flags = context.init_flags,
}

local USES = { accept = core.SECPKG_CRED_INBOUND, initiate = core.SECPKG_CRED_OUTBOUND, both = core.SECPKG_CRED_BOTH }
local UNIX_EPOCH = 11644473600 -- 1970, in seconds since 1601

-- `level`: whose fault it is, as error() counts from here.
local function misuse(level, text, ...)
    error("sspi: " .. text:format(...), level + 1)
end

-- A result of core, whose failures also carry a token, an explanation and a reason. Where no peer listens the message is
-- the explanation, which names the file or the option, or the sense where there is none.
local function result(value, sense, name, _, explanation)
    if value then return value end
    return nil, explanation and explanation ~= "" and explanation or sense, name
end

-- ------------------------------------------------------------------------------------------------ account stores

local Store = {}
Store.__index = Store
Store.__name = "sspi.account_store"

local function new_store(location, ...)
    local handle, why, name = result(...)
    if not handle then return nil, why, name end
    return setmetatable({ handle = handle, location = location }, Store)
end

local function check_location(location)
    if type(location) ~= "string" then misuse(3, "location must be a string, not %s", type(location)) end
    return location
end

--- Opens a store: "sqlite:PATH", "ntlm-user-file:PATH", "smbpasswd:PATH", "memory:"; a bare path is SQLite.
function sspi.account_store(location)
    return new_store(check_location(location), core.SspiAccountStoreOpen(location))
end

--- Makes an SQLite store, or opens the one that is there.
function sspi.create_account_store(location)
    return new_store(check_location(location), core.SspiAccountStoreCreate(location))
end

--- A store that asks function(user, domain), which gives a password, {password=, nt_hash=, disabled=}, or nil.
function sspi.lookup_store(lookup)
    return new_store("a function", core.SspiAccountStoreFromCallback(lookup))
end

--- Replaces the account of that name if there is one, without asking; adds it otherwise.
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
    return ("sspi.account_store (%s, %s)"):format(self.location, self.handle:closed() and "closed" or "open")
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
    misuse(4, "accounts must be a store, a location or a function, not %s", type(accounts))
end

local SETTINGS = {
    package = true, usage = true, username = true, domain = true, password = true, nt_hash = true, accounts = true,
    options = true, on_event = true, keytab = true, principal = true, services = true, ccache = true,
}

local function option_text(value)
    if value == true then return "yes" end
    if value == false then return "no" end
    if math.type(value) == "integer" then return ("%d"):format(value) end
    return value
end

-- The checks of sspi.credential: each names the setting, at the level of its caller.

local TEXTS = { "package", "usage", "username", "domain", "password", "nt_hash", "keytab", "principal", "ccache" }

local function check_types(settings)
    if type(settings) ~= "table" then misuse(3, "credential takes a table, not %s", type(settings)) end
    for name in pairs(settings) do
        if not SETTINGS[name] then misuse(3, "credential does not know '%s'", tostring(name)) end
    end
    for _, name in ipairs(TEXTS) do
        local value = settings[name]
        if value ~= nil and type(value) ~= "string" then misuse(3, "%s must be a string, not %s", name, type(value)) end
    end
    if settings.on_event ~= nil and type(settings.on_event) ~= "function" then
        misuse(3, "on_event must be a function, not %s", type(settings.on_event))
    end
    if settings.options ~= nil and type(settings.options) ~= "table" then
        misuse(3, "options must be a table of names and values, not %s", type(settings.options))
    end
    local services = settings.services
    if services ~= nil and type(services) ~= "string" and type(services) ~= "table" then
        misuse(3, "services must be a string or a list of them, not %s", type(services))
    end
    if type(services) == "table" and #services == 0 then misuse(3, "services is empty: nobody could log in") end
    for _, name in ipairs(type(services) == "table" and services or {}) do
        if type(name) ~= "string" then misuse(3, "a name in services must be a string, not %s", type(name)) end
    end
    for name, value in pairs(settings.options or {}) do
        if type(name) ~= "string" then misuse(3, "a name in options must be a string, not %s", type(name)) end
        local text = option_text(value)
        if type(text) ~= "string" then
            misuse(3, "options.%s must be a string, an integer or a boolean, not %s", name, type(value))
        end
    end
end

local CLIENTS = { "username", "domain", "nt_hash", "ccache", "password" }
local SERVERS = { accounts = "username and password", services = "the target of a context" }

-- What belongs to the other side, or stands alone.
local function check_sides(settings, usage)
    for name, instead in pairs(SERVERS) do
        if usage == "initiate" and settings[name] ~= nil then
            misuse(3, "%s is for a server: usage = 'initiate' takes %s instead", name, instead)
        end
    end
    for _, name in ipairs(CLIENTS) do
        local own_password = name == "password" and settings.principal ~= nil
        if usage == "accept" and settings[name] ~= nil and not own_password then
            misuse(3, "%s is for a client: usage = 'accept' takes accounts or a keytab instead", name)
        end
    end
    if settings.username ~= nil then
        if settings.principal ~= nil then misuse(3, "principal is given as well as a username: one is enough") end
        return
    end
    if settings.nt_hash ~= nil then misuse(3, "nt_hash is given without a username") end
    if settings.password ~= nil and settings.principal == nil then misuse(3, "password is given without a username") end
end

-- User and domain; DOMAIN\user is split where no domain is given beside it, user@domain stays whole.
local function user_and_domain(settings)
    local name, domain = settings.username, settings.domain
    if not name or not name:find("\\", 1, true) then return name, domain end
    if domain and domain ~= "" then
        misuse(3, "username names a domain (DOMAIN\\user), and domain is given as well")
    end
    local front, back = name:match "^([^\\]*)\\([^\\]+)$"
    if not back then misuse(3, "username must be user, DOMAIN\\user or user@domain") end
    return back, front
end

local function set_keytab(handle, keytab)
    if keytab:byte(1) == 5 then return core.SspiCredentialSetKeytabBytes(handle, keytab) end
    return core.SspiCredentialSetKeytab(handle, keytab)
end

local function set_services(handle, services)
    local names = type(services) == "table" and table.concat(services, " ") or services
    return core.SspiCredentialSetOption(handle, "service_names", names)
end

-- What it proves itself with or opens tickets with, in order.
local KEYS = {
    { "nt_hash", core.SspiCredentialSetNtHash },
    { "keytab", set_keytab },
    { "ccache", core.SspiCredentialSetTicketCache },
    { "services", set_services },
}

-- Everything that is set after the credential is there: true, or nil, sense, name.
local function configure(handle, settings)
    local done, sense, name
    for _, key in ipairs(KEYS) do
        local value = settings[key[1]]
        if value ~= nil then
            done, sense, name = result(key[2](handle, value))
            if not done then return nil, sense, name end
        end
    end
    for option, value in pairs(settings.options or {}) do
        done, sense, name = result(core.SspiCredentialSetOption(handle, option, option_text(value)))
        if not done then return nil, sense, name end
    end
    if settings.accounts ~= nil then
        local store
        store, sense, name = store_of(settings.accounts)
        if not store then return nil, sense, name end
        done, sense, name = result(core.SspiCredentialSetAccountStore(handle, store.handle))
        if not done then return nil, sense, name end
    end
    if settings.on_event ~= nil then
        return result(core.SspiCredentialSetEventCallback(handle, event_receiver(settings.on_event)))
    end
    return true
end

--- Makes a credential: package, usage ("accept", "initiate", "both"), username, domain, password, nt_hash, accounts (a
-- store, a location, or function(user, domain)), options ({name = value}), on_event (function(event)). A username may
-- be DOMAIN\user or user@domain.
-- For Kerberos, and Negotiate, which may choose it: keytab (the path of a file of keys, or its content: a server's keys,
-- or a client's in place of a password), principal (the one service that a server is, HTTP/www.example.com@REALM, or who
-- a client is in place of a username; with a password where there is no keytab), services (what a server accepts tickets
-- for if that is more than the one service of its keytab: "HTTP", "HTTP/www.example.com", a list of them, "*"), ccache
-- (where a client's tickets are, as libkrb5 calls it).
function sspi.credential(settings)
    check_types(settings)
    local usage = settings.usage or "accept"
    local use = USES[usage]
    if not use then misuse(2, "usage must be 'accept', 'initiate' or 'both', not '%s'", usage) end
    check_sides(settings, usage)
    local user, domain = user_and_domain(settings)
    local principal = settings.principal
    if not user and settings.password then
        user = principal
        if settings.services then principal = nil end -- the account is one thing, the services it runs are another
    end
    local identity
    if user or domain then identity = { user = user, domain = domain, password = settings.password } end
    local handle, sense, name = result(
        core.AcquireCredentialsHandle(principal, settings.package or "NTLM", use, identity)
    )
    if not handle then return nil, sense, name end
    local done
    done, sense, name = configure(handle, settings)
    if not done then
        handle:close()
        return nil, sense, name
    end
    return setmetatable({ handle = handle, package_name = settings.package or "NTLM", usage = usage }, Credential)
end

-- What a client lent: context.lua knows the handle, this file what a credential is.
local function credential_of(handle, package)
    return setmetatable({ handle = handle, package_name = package, usage = "initiate" }, Credential)
end

context.lend(credential_of)

local function check_open(self)
    if self.handle:closed() then misuse(3, "the credential is closed") end
end

--- A server's context: flags, channel_bindings ("tls-server-end-point:" and the hash).
function Credential:accept(options)
    check_open(self)
    return context.new(self, options, false)
end

--- A client's context: target, flags, channel_bindings.
function Credential:initiate(options)
    check_open(self)
    return context.new(self, options, true)
end

--- The server's end of a SASL login: mechanism "GSSAPI" (RFC 4752) with a credential for Kerberos, "GSS-SPNEGO" with one for
-- Negotiate; flags (without "confidentiality" messages are signed at most), channel_bindings. The credential's options say
-- more: sasl_minimum_layer, and sasl_authorization, by default "same": a client may act as nobody but itself.
function Credential:sasl_server(mechanism, options)
    check_open(self)
    return sasl.server(self, mechanism, options)
end

--- The client's end: target ("ldap/server.example.com"), flags (the strongest layer to choose), channel_bindings,
-- authorization_id (whom to act as, where the mechanism can say so; the server decides).
function Credential:sasl_client(mechanism, options)
    check_open(self)
    return sasl.client(self, mechanism, options)
end

--- A credential of a user whom this server knows by other means than Kerberos, and vouches for (S4U2Self); needs
-- options = {constrained_delegation = "anyone"}. user: as the KDC names it, "alice" or "alice@REALM".
function Credential:for_user(user, realm)
    check_open(self)
    if type(user) ~= "string" then misuse(2, "user must be a string, not %s", type(user)) end
    if realm ~= nil and type(realm) ~= "string" then misuse(2, "realm must be a string, not %s", type(realm)) end
    local handle, sense, name = result(core.SspiAcquireCredentialForUser(self.handle, user, realm))
    if not handle then return nil, sense, name end
    return credential_of(handle, self.package_name)
end

--- The package's name, as it was given.
function Credential:package()
    return self.package_name
end

--- True when logins can succeed: account store, replay cache, keys, certificates; nil, the explanation, name. For a
-- server's start.
function Credential:check()
    return result(core.SspiCredentialCheck(self.handle))
end

--- Releases the credential; its contexts go on. May be repeated.
function Credential:close()
    self.handle:close()
end

Credential.__close = Credential.close

function Credential:__tostring()
    local state = self.handle:closed() and "closed" or "open"
    return ("sspi.credential (%s, %s, %s)"):format(self.package_name, self.usage, state)
end

-- ------------------------------------------------------------------------------------------------ the library

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
