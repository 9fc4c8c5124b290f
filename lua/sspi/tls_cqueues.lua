--- TLS around a socket of cqueues, with the methods of that socket that servers use. Part of the module "sspi".
--
--     local con, sense, name = tls_cqueues.server(socket:accept(), credential, {timeout = 30})
--     con:xread("*L", "b", 10); con:xwrite("...", "n", 10); con:close()
--
-- Waiting yields to other coroutines of the controller. con.tls is the connection of "sspi.tls"; what is asked of that
-- one goes out with the next xread, xwrite or close, con:request_certificate() and con:alert() at once.

local cqueues = require "cqueues"
local errno = require "cqueues.errno"
local tls = require "sspi.tls"

local PIECE = -65536 -- up to that many bytes

local Socket = {}
Socket.__index = Socket
Socket.__name = "sspi.tls_socket"

-- What the connection has for the peer. True, or nil and an error number.
local function flush(self, timeout)
    local data = self.tls:to_send()
    if data == "" then return true end
    local sent, why = self.lower:xwrite(data, "bn", timeout)
    if sent then return true end
    return nil, why or errno.EPIPE
end

-- True where nothing more can be sent: we have said goodbye, given an alert, or closed.
local function is_ended(self)
    return self.tls.ended or self.tls.shut
end

-- More of the peer. True; false at its end; nil and an error number.
local function fill(self, timeout)
    if self.tls:is_eof() then return false end
    if self.tls.shut then return nil, errno.EPIPE end
    local deadline = timeout and cqueues.monotime() + timeout
    local sent, why = flush(self, timeout)
    if not sent then return nil, why end
    if self.tls.alerted then return nil, errno.EPIPE end
    local data
    data, why = self.lower:xread(PIECE, "b", deadline and math.max(0, deadline - cqueues.monotime()))
    if self.tls.shut or self.tls.alerted then return nil, errno.EPIPE end -- by another coroutine
    if not data then
        if why == errno.ETIMEDOUT then self.lower:clearerr("r") end -- the socket would answer the next read with it too
        if why then return nil, why end
        return nil, errno.ECONNRESET -- cut off: the peer has not said goodbye
    end
    local plain = self.tls:receive(data)
    sent, why = flush(self, timeout)
    if not plain then return nil, errno.EPROTO end
    if not sent then return nil, why end
    self.plain = self.plain .. plain
    return true
end

local function handshake(self, timeout)
    local deadline = cqueues.monotime() + timeout
    local fine, sense, name = self.tls:start()
    while fine ~= nil and not self.tls:is_complete() do
        if not flush(self, timeout) then return nil, "the peer is gone", "ECONNRESET" end
        local data, why = self.lower:xread(PIECE, "b", math.max(0, deadline - cqueues.monotime()))
        if not data then return nil, why and errno.strerror(why) or "the peer is gone", "ECONNRESET" end
        fine, sense, name = self.tls:receive(data)
        if fine then self.plain = self.plain .. fine end
    end
    local sent = flush(self, timeout)
    if fine == nil then return nil, sense, name end
    if not sent then return nil, "the peer is gone", "ECONNRESET" end
    return true
end

local function wrap(lower, connection, options)
    lower:setmode("b", "b")
    lower:setvbuf("full", 65536)
    lower:onerror(function(_, _, why) return why end)
    local self = setmetatable({ lower = lower, tls = connection, plain = "", maxline = 4096 }, Socket)
    local fine, sense, name = handshake(self, options.timeout or 60)
    if fine then return self end
    local explanation = connection:explain()
    connection:close()
    return nil, explanation ~= "" and explanation or sense, name
end

local function split(options)
    local own, rest = { timeout = options and options.timeout }, {}
    for name, value in pairs(options or {}) do
        if name ~= "timeout" then rest[name] = value end
    end
    return own, rest
end

--- Does a server's handshake on an accepted socket. options: timeout in seconds, and those of sspi.tls.
-- nil, an explanation for the operator, a name: the socket is left to the caller to close.
local function server(lower, credential, options)
    local own, rest = split(options)
    return wrap(lower, tls.server(credential, rest), own)
end

--- The same as a client. options.target: the server's name.
local function client(lower, credential, options)
    local own, rest = split(options)
    return wrap(lower, tls.client(credential, rest), own)
end

-- How many of the bytes at hand answer `what`; nil: not enough yet.
local function measure(self, what)
    if type(what) == "number" then
        if what < 0 then return #self.plain > 0 and math.min(-what, #self.plain) or nil end
        return #self.plain >= what and what or nil
    end
    local _, last = self.plain:find("\n", 1, true)
    if last and last <= self.maxline then return last end
    return (last or #self.plain >= self.maxline) and self.maxline or nil
end

--- Reads a line ("*L", "*l"), exactly n bytes (n), up to n bytes (-n), or all ("*a"). nil and an error number, or nil
-- alone at the end.
function Socket:xread(what, _, timeout)
    local deadline = timeout and cqueues.monotime() + timeout
    while true do
        local size = what ~= "*a" and measure(self, what)
        if size then
            local data = self.plain:sub(1, size)
            self.plain = self.plain:sub(size + 1)
            return what == "*l" and data:gsub("\r?\n$", "") or data
        end
        local more, why = fill(self, deadline and math.max(0, deadline - cqueues.monotime()))
        if more == nil then return nil, why end
        if more == false then
            local rest = self.plain
            self.plain = ""
            if rest ~= "" or what == "*a" then return rest end
            return nil
        end
    end
end

--- Encrypts and sends. True, or nil and an error number.
function Socket:xwrite(data, _, timeout)
    if is_ended(self) then
        if not self.tls.shut then flush(self, timeout) end
        return nil, errno.EPIPE
    end
    if not self.tls:send(data) then return nil, errno.EPIPE end
    return flush(self, timeout)
end

--- Asks a client for its certificate, at once; what it answers, xread takes. True; or nil, sense, name where the client
-- cannot be asked or is gone.
function Socket:request_certificate(timeout)
    if is_ended(self) then return nil, "the connection is closed", "EPIPE" end
    local done, sense, name = self.tls:request_certificate()
    if not done then return nil, sense, name end
    if not flush(self, timeout) then return nil, "the peer is gone", "ECONNRESET" end
    return true
end

--- Ends the connection with a fatal alert, a number of RFC 8446 6.2, which tells the peer why: at once, and in both
-- directions; close() releases it as ever. nil, sense, name, and nothing changed, where the alert cannot be sent.
function Socket:alert(number)
    if is_ended(self) then return nil, "the connection is closed", "EPIPE" end
    local done, sense, name = self.tls:alert(number)
    if not done then return nil, sense, name end
    self.plain = ""
    flush(self, 2)
    self.lower:shutdown("rw") -- not closed: another coroutine may be reading
    return true
end

--- Says goodbye, so that the peer knows that nothing was cut off.
function Socket:shutdown(how)
    if self.tls:shut_down() then flush(self, 2) end
    return self.lower:shutdown(how)
end

--- Says goodbye and closes.
function Socket:close()
    if self.tls:shut_down() then flush(self, 2) end
    self.tls:close()
    return self.lower:close()
end

function Socket:setmaxline(size)
    self.maxline = size
end

function Socket:peername()
    return self.lower:peername()
end

function Socket:localname()
    return self.lower:localname()
end

-- Settings of the socket that mean nothing to the layer above it.
local function nothing() end
Socket.setmode, Socket.setvbuf, Socket.onerror = nothing, nothing, nothing

return { server = server, client = client }
