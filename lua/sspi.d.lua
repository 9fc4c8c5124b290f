---@meta sspi
-- Types of the module "sspi", for editors. A failure gives nil, its sense, the name of its status and, from step, a
-- token for the peer or nil.

---@class sspi
---@field core sspi.core
---@field accept_flags table<string, integer>
---@field init_flags table<string, integer>
local sspi = {}

---@class sspi.account
---@field user string
---@field domain string
---@field disabled boolean
---@field locked boolean

---@class sspi.event
---@field time number seconds since 1970, UTC
---@field package string
---@field client_name string as claimed; verified only if status is "SEC_E_OK"
---@field workstation string as claimed
---@field status string
---@field reason integer SSPI_REASON_*
---@field explanation string for the operator

---@alias sspi.lookup fun(user: string, domain: string): string|{password: string?, nt_hash: string?, disabled: boolean?}|nil

---@class sspi.settings
---@field package string? "NTLM"
---@field usage "accept"|"initiate"|"both"|nil "accept"
---@field username string? user, DOMAIN\user or user@domain
---@field domain string?
---@field password string?
---@field nt_hash string? 16 bytes
---@field accounts sspi.account_store|string|sspi.lookup|nil
---@field options table<string, string|number|boolean>?
---@field on_event fun(event: sspi.event)?
---@field keytab string? Kerberos: a path, or the content of such a file
---@field principal string? Kerberos: the one service of a server, or a client in place of its username
---@field services string|string[]|nil Kerberos: what a server accepts tickets for
---@field ccache string? Kerberos: where a client's tickets are, as libkrb5 calls it

---@class sspi.identity
---@field user string?
---@field domain string?
---@field principal string?
---@field realm string?
---@field upn string?
---@field dns_domain string?
---@field logon_server string?
---@field sid string?
---@field account_flags integer?
---@field user_flags integer?
---@field groups {sid: string, attributes: integer}[]

---@class sspi.credential
local credential = {}
---@param options {flags: integer|string[]|nil, channel_bindings: string?}?
---@return sspi.context
function credential:accept(options) end
---@param options {flags: integer|string[]|nil, channel_bindings: string?, target: string?}?
---@return sspi.context
function credential:initiate(options) end
---@param user string
---@param realm string?
---@return sspi.credential?, string? sense, string? code
function credential:for_user(user, realm) end
---@param mechanism "GSSAPI"|"GSS-SPNEGO"
---@param options {flags: integer|string[]|nil, channel_bindings: string?}?
---@return sspi.sasl?, string? sense, string? code
function credential:sasl_server(mechanism, options) end
---@param mechanism "GSSAPI"|"GSS-SPNEGO"
---@param options {flags: integer|string[]|nil, channel_bindings: string?, target: string?, authorization_id: string?}?
---@return sspi.sasl?, string? sense, string? code
function credential:sasl_client(mechanism, options) end
---@return string
function credential:package() end
---@return boolean?, string? explanation, string? code
function credential:check() end
function credential:close() end

---@class sspi.tls
local tls = {}
---@return boolean?, string? sense, string? code
function tls:start() end
---Takes what the peer sent, in pieces of any size. After a failure to_send may hold an alert for the peer.
---@param data string
---@return string? plaintext, string? sense, string? code
function tls:receive(data) end
---@param data string
---@return boolean?, string? sense, string? code
function tls:send(data) end
---What must go to the peer now; "": nothing. To be asked after every other call, also after a failure.
---@return string
function tls:to_send() end
---Asks a client for its certificate in the middle of the conversation; what it answers, receive takes.
---@return boolean?, string? sense, string? code
function tls:request_certificate() end
---@return boolean?, string? sense, string? code
function tls:shut_down() end
---Ends the connection with a fatal alert, which tells the peer why.
---@param number integer sspi.core.TLS1_ALERT_*
---@return boolean?, string? sense, string? code
function tls:alert(number) end
---@return boolean
function tls:is_complete() end
---@return boolean
function tls:is_eof() end
---@return string?, string? sense, string? code
function tls:version() end
---@return string?, string? sense, string? code
function tls:cipher() end
---@return string?, string? sense, string? code
function tls:alpn_protocol() end
---@return boolean?, string? sense, string? code
function tls:is_resumed() end
---@return string? der, string? sense, string? code
function tls:peer_certificate() end
---@return string?, string? sense, string? code
function tls:channel_bindings() end
---@return string?, string? sense, string? code
function tls:exporter_bindings() end
---The account that the client's certificate belongs to. nil where it showed none, or one that no account is named as;
---the sense says which.
---The connection is open all the same: tls_client_certificate = require asks for a certificate, not for an account.
---@return string?, string? sense, string? code
function tls:client_name() end
---@return string
function tls:explain() end
---@return integer
function tls:reason() end
function tls:close() end

--- What require "sspi.tls" gives.
---@class sspi.tls_module
---@field server fun(credential: sspi.credential, options: {alpn: string[]?, flags: string[]?}?): sspi.tls
---@field client fun(credential: sspi.credential, options: {alpn: string[]?, flags: string[]?, target: string?}?): sspi.tls

---@class sspi.tls_options
---@field alpn string[]?
---@field flags string[]?
---@field target string? of a client: the server's name
---@field timeout number? seconds for the handshake, 60

--- TLS around a socket of cqueues, with the methods of that one that servers use. What is asked of its member tls goes
--- out with the next xread, xwrite or close.
---@class sspi.tls_socket
---@field tls sspi.tls
local tls_socket = {}
---@param what string|integer
---@param mode string?
---@param timeout number?
---@return string? data, integer? errno
function tls_socket:xread(what, mode, timeout) end
---nil and EPIPE once the connection has ended.
---@param data string
---@param mode string?
---@param timeout number?
---@return boolean?, integer? errno
function tls_socket:xwrite(data, mode, timeout) end
---Asks a client for its certificate, at once; what it answers, xread takes.
---@param timeout number?
---@return boolean?, string? sense, string? code
function tls_socket:request_certificate(timeout) end
---Ends the connection with a fatal alert, which tells the peer why, at once and in both directions; close releases it.
---@param number integer sspi.core.TLS1_ALERT_*
---@return boolean?, string? sense, string? code
function tls_socket:alert(number) end
---@param how string?
function tls_socket:shutdown(how) end
function tls_socket:close() end
---@param size integer
function tls_socket:setmaxline(size) end
function tls_socket:peername() end
function tls_socket:localname() end

--- What require "sspi.tls_cqueues" gives: handshakes on sockets of cqueues.
---@class sspi.tls_cqueues_module
---@field server fun(socket: any, credential: sspi.credential, options: sspi.tls_options?): sspi.tls_socket?, string?, string?
---@field client fun(socket: any, credential: sspi.credential, options: sspi.tls_options?): sspi.tls_socket?, string?, string?

---@class sspi.context
local context = {}
---@param token string?
---@return string? token
---@return string status_or_sense
---@return string? code
---@return string? token_for_peer
function context:step(token) end
---@return boolean
function context:is_complete() end
---@return string?, string?, string?
function context:client_name() end
---@return string?, string?, string?
function context:package() end
---@return string?, string?, string?
function context:session_key() end
---@return string?, string?, string?
function context:target_name() end
---@return {max_token: integer, max_signature: integer, block_size: integer, security_trailer: integer}?, string?, string?
function context:sizes() end
---@return {signature_algorithm: string, encrypt_algorithm: string, key_size: integer}?, string?, string?
function context:key_info() end
---@return table<string, true> names
---@return integer bits
function context:flags() end
---@return integer? seconds since 1970; nil: never
function context:expiry() end
---@return string
function context:explain() end
---@return integer
function context:reason() end
---@return integer
function context:bindings_result() end
---@return sspi.identity?, string? sense, string? code
function context:identity() end
---@return sspi.credential?, string? sense, string? code
function context:delegated_credential() end
---@return sspi.credential?, string? sense, string? code
function context:constrained_credential() end
---@param data string
---@return string? ciphertext, string signature_or_sense, string? code
function context:encrypt(data) end
---@param ciphertext string
---@param signature string
---@return string? data, string? sense, string? code
function context:decrypt(ciphertext, signature) end
---@param data string
---@return string? message, string? sense, string? code
function context:wrap(data) end
---@param message string
---@return string? data, string? sense, string? code
function context:unwrap(message) end
---@param data string
---@return string? signature, string? sense, string? code
function context:sign(data) end
---@param data string
---@param signature string
---@return true?, string? sense, string? code
function context:verify(data, signature) end
function context:close() end

---@class sspi.sasl: sspi.context
local sasl = {}
---@return string
function sasl:mechanism() end
---@return "none"|"integrity"|"confidentiality"|nil layer nil until the login is complete
function sasl:layer() end
---@return string?, string?, string?
function sasl:authorization_id() end
---Protected messages with their lengths, for the wire.
---@param data string
---@return string? message, string? sense, string? code
function sasl:wrap(data) end
---Takes pieces of any size; gives the data of every message that is whole by now.
---@param message string
---@return string? data, string? sense, string? code
function sasl:unwrap(message) end

---@class sspi.account_store
local store = {}
---Replaces the account of that name if there is one, without asking.
---@param user string
---@param password string
---@param domain string?
---@return true?, string? sense, string? code
function store:add(user, password, domain) end
---@param user string
---@param nt_hash string
---@param domain string?
---@return true?, string? sense, string? code
function store:add_nt_hash(user, nt_hash, domain) end
---@param user string
---@param domain string?
---@return true?, string? sense, string? code
function store:remove(user, domain) end
---@param user string
---@param disabled boolean
---@param domain string?
---@return true?, string? sense, string? code
function store:set_disabled(user, disabled, domain) end
---@param location string
---@return integer?, string? sense, string? code
function store:import_from(location) end
---@return sspi.account[]?, string? sense, string? code
function store:list() end
function store:close() end

---@param settings sspi.settings
---@return sspi.credential?, string? sense, string? code
function sspi.credential(settings) end
---@param location string
---@return sspi.account_store?, string? sense, string? code
function sspi.account_store(location) end
---@param location string
---@return sspi.account_store?, string? sense, string? code
function sspi.create_account_store(location) end
---@param lookup sspi.lookup
---@return sspi.account_store?, string? sense, string? code
function sspi.lookup_store(lookup) end
---@param status integer
---@return string
function sspi.status_name(status) end
---@return {name: string, comment: string, capabilities: integer, max_token: integer}[]?, string? sense, string? code
function sspi.packages() end
---@return {name: string, values: string, default: string, description: string}[]?, string? sense, string? code
function sspi.options() end

return sspi
