--- TLS by the package Schannel: a connection that knows no socket. Part of the module "sspi".
--
--     local tls = require "sspi.tls"
--     local connection = tls.server(credential)           -- or tls.client(credential, {target = "www.example.com"})
--     local plain = connection:receive(bytes_of_the_peer)  -- nil, sense, name when the handshake or a record fails
--     socket:send(connection:to_send())                    -- after every call, also after a failure
--
-- "sspi.tls_cqueues" puts it around a socket of cqueues.

local core = require "sspi.core"
local context = require "sspi.context"

local TOKEN, DATA, EMPTY, EXTRA = core.SECBUFFER_TOKEN, core.SECBUFFER_DATA, core.SECBUFFER_EMPTY, core.SECBUFFER_EXTRA
local HEADER, TRAILER, ALERT = core.SECBUFFER_STREAM_HEADER, core.SECBUFFER_STREAM_TRAILER, core.SECBUFFER_ALERT
local PROTOCOLS = core.SECBUFFER_APPLICATION_PROTOCOLS
local USUAL = { "stream", "confidentiality", "replay_detect", "sequence_detect", "extended_error" }
local RECORD_HEAD = 5 -- type, version, length
local RECORD_MAX = RECORD_HEAD + 16384 + 2048
local BINDINGS_HEAD = 32 -- SEC_CHANNEL_BINDINGS without its data
local PACKAGES = { schannel = true, [core.UNISP_NAME:lower()] = true }
local VERSIONS = {
    [core.SP_PROT_TLS1_0_SERVER] = "TLSv1", [core.SP_PROT_TLS1_0_CLIENT] = "TLSv1",
    [core.SP_PROT_TLS1_1_SERVER] = "TLSv1.1", [core.SP_PROT_TLS1_1_CLIENT] = "TLSv1.1",
    [core.SP_PROT_TLS1_2_SERVER] = "TLSv1.2", [core.SP_PROT_TLS1_2_CLIENT] = "TLSv1.2",
    [core.SP_PROT_TLS1_3_SERVER] = "TLSv1.3", [core.SP_PROT_TLS1_3_CLIENT] = "TLSv1.3",
}

local function misuse(text, ...)
    error("sspi: " .. text:format(...), 3)
end

-- A number as little-endian bytes.
local function little(number, bytes)
    local out = {}
    for i = 1, bytes do
        out[i] = string.char(number % 256)
        number = math.floor(number / 256)
    end
    return table.concat(out)
end

-- SEC_APPLICATION_PROTOCOLS of a list of ALPN names.
local function protocol_list(names)
    if names == nil then return nil end
    if type(names) ~= "table" then misuse("alpn must be a list of names, not %s", type(names)) end
    local listed = {}
    for i, name in ipairs(names) do
        if type(name) ~= "string" or #name < 1 or #name > 255 then misuse("a name in alpn must have 1 to 255 bytes") end
        listed[i] = string.char(#name) .. name
    end
    if #listed == 0 then return nil end
    local list = table.concat(listed)
    local inner = little(core.SecApplicationProtocolNegotiationExt_ALPN, 4) .. little(#list, 2) .. list
    return little(#inner, 4) .. inner
end

local Connection = {}
Connection.__index = Connection
Connection.__name = "sspi.tls"

local KNOWN = { target = true, alpn = true, flags = true }

local function new_connection(credential, options, is_server)
    if type(credential) ~= "table" or type(credential.package_name) ~= "string" then
        misuse("credential must be a credential of sspi, not %s", type(credential))
    end
    if not PACKAGES[credential.package_name:lower()] then
        misuse("TLS needs a credential for Schannel, not for %s", credential.package_name)
    end
    options = options or {}
    if type(options) ~= "table" then misuse("options must be a table, not %s", type(options)) end
    for name in pairs(options) do
        if not KNOWN[name] or is_server and name == "target" then misuse("does not know '%s'", tostring(name)) end
    end
    if options.target ~= nil and type(options.target) ~= "string" then
        misuse("target must be a string, not %s", type(options.target))
    end
    local names = is_server and context.accept_flags or context.init_flags
    local wanted, request = {}, 0
    for _, list in ipairs { USUAL, options.flags or {} } do
        for _, name in ipairs(list) do
            if not names[name] then misuse("unknown flag '%s'", tostring(name)) end
            if not wanted[name] then wanted[name], request = true, request + names[name] end
        end
    end
    return setmetatable({
        credential = credential, is_server = is_server, target = options.target, request = request,
        protocols = protocol_list(options.alpn), received = "", outgoing = {}, said = "", why = 0,
    }, Connection)
end

--- The server's end. options: alpn = list of protocols; flags = {"mutual_auth"} asks for the client's certificate.
local function server(credential, options)
    return new_connection(credential, options, true)
end

--- The client's end. options.target: the server's name, sent as SNI, for which its certificate must be.
local function client(credential, options)
    return new_connection(credential, options, false)
end

-- What became of a call that failed: the alert goes out, the rest is for the operator.
local function failed(self, sense, name, token, explanation, reason)
    if token then table.insert(self.outgoing, token) end
    self.said, self.why, self.broken = explanation or "", reason or 0, true
    return nil, sense, name
end

-- One leg over what was received. True; false where more bytes are needed first; nil, sense, name.
local function leg(self)
    local input = { { TOKEN, self.received }, { EMPTY, "" } }
    if not self.handle and self.protocols then input[3] = { PROTOCOLS, self.protocols } end
    local credential, output = self.credential.handle, { TOKEN, ALERT }
    local status, handle, token, attributes, expiry, reason
    if self.is_server then
        status, handle, token, attributes, expiry, reason =
            core.AcceptSecurityContext(credential, self.handle, input, self.request, 0, output)
    else
        status, handle, token, attributes, expiry, reason =
            core.InitializeSecurityContext(credential, self.handle, self.target, self.request, 0, input, output)
    end
    if not status then
        if token == "SEC_E_INCOMPLETE_MESSAGE" then return false end
        return failed(self, handle, token, attributes, expiry, reason)
    end
    self.handle = handle
    if token[1] then table.insert(self.outgoing, tostring(token[1])) end
    local left = input[2][1] == EXTRA and input[2][2] or 0
    self.received = self.received:sub(#self.received - left + 1)
    local anew = self.again or not self.complete
    self.again = self.complete and status ~= core.SEC_E_OK
    if status == core.SEC_E_OK and anew then
        self.complete = true
        self.sizes = assert(core.QueryContextAttributes(handle, core.SECPKG_ATTR_STREAM_SIZES))
    end
    return true
end

-- A record was refused: the alert that tells the peer why is made by the next leg.
local function refused(self, sense, name, explanation, reason)
    self.received = ""
    leg(self)
    return failed(self, sense, name, nil, explanation, reason)
end

-- One record into plaintext. The plaintext; false where the handshake wants more bytes; nil, sense, name.
local function open_record(self, record)
    local message = { { DATA, record }, { EMPTY, "" }, { EMPTY, "" }, { EMPTY, "" } }
    local status, buffers, name, _, explanation, reason = core.DecryptMessage(self.handle, message, 0)
    if not status then return refused(self, buffers, name, explanation, reason) end
    if status == core.SEC_I_CONTEXT_EXPIRED then
        self.eof, self.received = true, ""
        return ""
    end
    local plain = ""
    for _, buffer in ipairs(buffers) do
        if buffer[1] == DATA and status == core.SEC_E_OK then plain = buffer[2] end
        if buffer[1] == EXTRA and status == core.SEC_I_RENEGOTIATE and type(buffer[2]) == "string" then
            self.received = buffer[2] .. self.received
        end
    end
    if status == core.SEC_I_RENEGOTIATE then
        self.again = true
        local done, sense
        done, sense, name = leg(self)
        if not done then return done, sense, name end
    end
    return plain
end

-- The first whole record of what was received; nil: there is none yet.
local function next_record(self)
    local received = self.received
    if #received < RECORD_HEAD then return nil end
    local high, low = received:byte(4, 5)
    local size = RECORD_HEAD + high * 256 + low
    if size > RECORD_MAX then size = #received end -- is none: not waited for, the core says why
    if #received < size then return nil end
    self.received = received:sub(size + 1)
    return received:sub(1, size)
end

local function decrypt(self)
    local plain = {}
    while not self.eof do
        local text, sense, name
        if self.again then
            text, sense, name = leg(self)
        else
            local record = next_record(self)
            if not record then break end
            text, sense, name = open_record(self, record)
        end
        if text == nil then return nil, sense, name end
        if text == false then break end
        if text ~= true then plain[#plain + 1] = text end
    end
    return table.concat(plain)
end

--- A client's first message; a server has nothing to say yet.
function Connection:start()
    if self.is_server then return true end
    return leg(self)
end

--- Takes what the peer sent, in pieces of any size; gives the plaintext that became readable, often "".
-- nil, sense, name when the handshake or a record fails; to_send() may then hold an alert for the peer.
function Connection:receive(data)
    if type(data) ~= "string" then misuse("data must be a string, not %s", type(data)) end
    if self.shut then misuse("the connection is closed") end
    if self.broken then return nil, "the connection has failed", "SEC_E_CONTEXT_EXPIRED" end
    if self.eof or self.alerted then return "" end
    self.received = self.received .. data
    while not self.complete and self.received ~= "" do
        local done, sense, name = leg(self)
        if done == nil then return nil, sense, name end
        if not done then return "" end
    end
    if not self.complete then return "" end
    return decrypt(self)
end

--- Encrypts data for the peer: true, or nil, sense, name.
function Connection:send(data)
    if type(data) ~= "string" then misuse("data must be a string, not %s", type(data)) end
    if not self.complete or self.ended or self.shut then misuse("the connection is not open for data") end
    local sizes = self.sizes
    for start = 1, #data, sizes.cbMaximumMessage do
        local piece = data:sub(start, start + sizes.cbMaximumMessage - 1)
        local message = { { HEADER, sizes.cbHeader }, { DATA, piece }, { TRAILER, sizes.cbTrailer }, { EMPTY, "" } }
        local buffers, sense, name = core.EncryptMessage(self.handle, 0, message, 0)
        if not buffers then return nil, sense, name end
        table.insert(self.outgoing, buffers[1][2] .. buffers[2][2] .. buffers[3][2])
    end
    return true
end

--- What must go to the peer now; "" for nothing. Ask after every other call, also after a failure.
function Connection:to_send()
    local data = table.concat(self.outgoing)
    self.outgoing = {}
    return data
end

--- Asks a client for its certificate in the middle of the conversation; what it answers, receive() takes. In TLS 1.3 by
-- authentication after the handshake, before it by a further handshake, which the option allow_insecure_renegotiation
-- has to allow. True; or nil, sense, name where the client cannot be asked: the connection goes on as it was.
function Connection:request_certificate()
    if not (self.is_server and self.complete) or self.ended or self.broken or self.shut then
        misuse("only a server asks, on an open connection")
    end
    local bit, received, request = context.accept_flags.mutual_auth, self.received, self.request
    if self.request % (bit * 2) < bit then self.request = self.request + bit end
    self.received = ""
    local done, sense, name = leg(self)
    self.received, self.again = received, false
    if done == nil then
        if name == "SEC_E_UNSUPPORTED_FUNCTION" then self.request, self.broken = request, false end
        return nil, sense, name
    end
    return true
end

--- Says goodbye (close_notify), so that the peer knows that nothing was cut off. May be repeated.
function Connection:shut_down()
    if not self.complete or self.ended or self.broken or self.shut then return true end
    self.ended = true
    local done, sense, name = core.ApplyControlToken(self.handle, little(core.SCHANNEL_SHUTDOWN, 4))
    if not done then return nil, sense, name end
    self.received = ""
    done, sense, name = leg(self)
    if done == nil then return nil, sense, name end
    return true
end

--- Ends the connection with a fatal alert, a number of RFC 8446 6.2, which tells the peer why. What the peer still sends
-- is dropped. nil, sense, name, and nothing changed, where it cannot be sent: of a number that TLS does not have, or in
-- the middle of a handshake whose records are encrypted already.
function Connection:alert(number)
    if math.type and math.type(number) ~= "integer" or type(number) ~= "number" or number < 0 or number > 255 then
        misuse("an alert is a number from 0 to 255, not %s", tostring(number))
    end
    if self.shut or self.ended or not self.handle then misuse("the connection is not open for an alert") end
    local token = little(core.SCHANNEL_ALERT, 4) .. little(core.TLS1_ALERT_FATAL, 4) .. little(number, 4)
    local done, sense, name = core.ApplyControlToken(self.handle, token)
    if not done then return nil, sense, name end
    self.ended, self.alerted, self.received = true, true, ""
    done, sense, name = leg(self)
    if done == nil then return nil, sense, name end
    return true
end

--- True once the handshake has succeeded.
function Connection:is_complete()
    return self.complete == true
end

--- True once the peer has said goodbye. A connection that ends without it was cut off.
function Connection:is_eof()
    return self.eof == true
end

local function attribute(self, number)
    if self.shut or not self.handle then misuse("the connection is not open") end
    return core.QueryContextAttributes(self.handle, number)
end

--- "TLSv1.3", "TLSv1.2".
function Connection:version()
    local row, sense, name = attribute(self, core.SECPKG_ATTR_CONNECTION_INFO)
    if not row then return nil, sense, name end
    return VERSIONS[row.dwProtocol] or ("0x%x"):format(row.dwProtocol)
end

--- The cipher suite, by its name in the specification of TLS.
function Connection:cipher()
    local row, sense, name = attribute(self, core.SECPKG_ATTR_CIPHER_INFO)
    if not row then return nil, sense, name end
    return row.szCipherSuite
end

--- The application protocol that both sides speak; nil: none was agreed.
function Connection:alpn_protocol()
    local row, sense, name = attribute(self, core.SECPKG_ATTR_APPLICATION_PROTOCOL)
    if not row then return nil, sense, name end
    return row.ProtoNegoStatus == core.SecApplicationProtocolNegotiationStatus_Success and row.ProtocolId or nil
end

--- True where an earlier session was taken up again.
function Connection:is_resumed()
    local row, sense, name = attribute(self, core.SECPKG_ATTR_SESSION_INFO)
    if not row then return nil, sense, name end
    return row.dwFlags % 2 == 1 -- SSL_SESSION_RECONNECT
end

--- The peer's certificate in DER; nil where it gave none.
function Connection:peer_certificate()
    if self.shut or not self.handle then misuse("the connection is not open") end
    local der, sense, name = core.SspiQueryContextCertificate(self.handle, core.SECPKG_ATTR_REMOTE_CERT_CONTEXT)
    if not der then return nil, sense, name end
    return tostring(der)
end

--- The application data of tls-server-end-point (RFC 5929): the channel_bindings of a login inside this connection.
function Connection:channel_bindings()
    local row, sense, name = attribute(self, core.SECPKG_ATTR_ENDPOINT_BINDINGS)
    if not row then return nil, sense, name end
    return row.Bindings:sub(BINDINGS_HEAD + 1)
end

--- The same of tls-exporter (RFC 9266), which ties a login to this very connection.
function Connection:exporter_bindings()
    local row, sense, name = attribute(self, core.SSPI_ATTR_EXPORTER_BINDINGS)
    if not row then return nil, sense, name end
    return row.Bindings:sub(BINDINGS_HEAD + 1)
end

-- Why the client has no name: the end of the explanation tells whom its certificate names.
local function nameless(self)
    if not self:peer_certificate() then return "the client showed no certificate" end
    local explanation = core.SspiExplainContext(self.handle) or ""
    return explanation:match("; (.+)$") or "the client's certificate is not mapped to an account"
end

--- The account that the client's certificate belongs to. nil, an explanation for the operator, a name where there is none.
function Connection:client_name()
    local row, sense, name = attribute(self, core.SECPKG_ATTR_NAMES)
    if row then return row.sUserName end
    return nil, self.is_server and name == "SEC_E_NO_CREDENTIALS" and nameless(self) or sense, name
end

--- One sentence for the operator on how the connection failed, or what was agreed. Not for the peer.
function Connection:explain()
    if self.said ~= "" or self.shut or not self.handle then return self.said end
    return core.SspiExplainContext(self.handle) or ""
end

--- SSPI_REASON_* of the failure. Not for the peer.
function Connection:reason()
    return self.why
end

--- Releases the context. May be repeated.
function Connection:close()
    self.shut = true
    if self.handle then self.handle:close() end
end

Connection.__close = Connection.close

return { server = server, client = client }
