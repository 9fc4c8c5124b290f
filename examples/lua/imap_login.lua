#!/usr/bin/env lua5.4
-- The front door of a mail server: logs clients in by SASL as IMAP (RFC 9051) carries it, and protects what follows.
--
--     imap_login.lua imap.keytab 1143
--     gsasl --imap --mechanism GSSAPI localhost 1143
--
-- Mechanisms are GSSAPI and GSS-SPNEGO, both with Kerberos. There is no mail: the only mailbox is empty.
local cqueues = require "cqueues"
local socket = require "cqueues.socket"
local base64 = require "base64"
local sspi = require "sspi"

local MAX_LINE = 100000 -- a ticket with many groups, in base64
local LOGIN_SECONDS, IDLE_SECONDS = 15, 600

local Client = {}
Client.__index = Client

function Client:send(text)
  if self.layer then text = assert(self.layer:wrap(text)) end
  return self.con:xwrite(text, "bn", IDLE_SECONDS)
end

-- One line without its end; nil: the client is gone, too slow, or what it sends cannot be trusted.
function Client:line()
  while true do
    local line, rest = self.received:match("^(.-)\r?\n(.*)$")
    if line then
      self.received = rest
      return line
    end
    if #self.received > MAX_LINE then return nil end
    local data = self.con:xread(-4096, "b", self.name and IDLE_SECONDS or LOGIN_SECONDS)
    if data and self.layer then data = self.layer:unwrap(data) end
    if not data then return nil end
    self.received = self.received .. data
  end
end

-- The mechanism's messages, each in base64 on a line; what the client sends with the command is the first.
function Client:exchange(login, initial)
  local token = initial
  while true do
    local challenge = login:step(token or "")
    if not challenge then return nil, login:explain() end
    if login:is_complete() and challenge == "" then return true end
    local complete = login:is_complete()
    self:send("+ " .. base64.encode(challenge) .. "\r\n")
    local line = self:line()
    if not line or line == "*" then return nil, "the client gave up" end
    token = base64.decode(line)
    if not token then return nil, "the client's answer is not base64" end
    if complete then return token == "", "the client has more to say where nothing is left" end
  end
end

function Client:log_in(credential, mechanism, initial)
  local login, why = credential:sasl_server(mechanism)
  if not login then return nil, why end
  local done
  done, why = self:exchange(login, initial)
  if not done then
    login:close()
    return nil, why
  end
  return login
end

local COMMANDS = {}

function COMMANDS.CAPABILITY(client, tag)
  local ways = client.name and "" or " SASL-IR AUTH=GSSAPI AUTH=GSS-SPNEGO"
  client:send("* CAPABILITY IMAP4rev2" .. ways .. "\r\n" .. tag .. " OK\r\n")
end

function COMMANDS.NOOP(client, tag)
  client:send(tag .. " OK\r\n")
end

function COMMANDS.LOGOUT(client, tag)
  client:send("* BYE\r\n" .. tag .. " OK\r\n")
  return true
end

function COMMANDS.LIST(client, tag)
  if not client.name then return client:send(tag .. " NO log in first\r\n") and nil end
  client:send('* LIST () "/" INBOX\r\n' .. tag .. " OK\r\n")
end

function COMMANDS.AUTHENTICATE(client, tag, words)
  local mechanism, initial = words:match("^(%S+) ?(%S*)$")
  local credential = mechanism and client.credentials[mechanism:upper()]
  if client.name or not credential then return client:send(tag .. " BAD not now, or not so\r\n") and nil end
  -- RFC 4959: "=" is an initial response that is empty.
  local token = initial ~= "" and (initial == "=" and "" or base64.decode(initial)) or nil
  local login, why = client:log_in(credential, mechanism, token)
  if not login then
    io.stderr:write("client refused: ", tostring(why), "\n")
    client:send(tag .. " NO login failed\r\n")
    return nil
  end
  -- What came before the end of the login was not protected: anybody may have put it there.
  if client.received ~= "" then return true end
  print(("%s by %s (%s), layer %s"):format(login:client_name(), mechanism, login:package(), login:layer()))
  client:send(tag .. " OK\r\n")
  client.name = login:client_name()
  client.layer = login:layer() ~= "none" and login or nil
  return nil
end

local function converse(con, credentials)
  con:setmode("b", "b")
  con:onerror(function(_, _, why) return why end)
  local client = setmetatable({ con = con, credentials = credentials, received = "" }, Client)
  client:send("* OK ready\r\n")
  for line in function() return client:line() end do
    local tag, command, words = line:match("^(%S+) (%S+) ?(.*)$")
    local run = command and COMMANDS[command:upper()]
    if not run then
      client:send((tag or "*") .. " BAD unknown command\r\n")
    elseif run(client, tag, words) then
      break
    end
  end
  if client.layer then client.layer:close() end
  con:close()
end

local function need(value, why)
  if value then return value end
  io.stderr:write("imap_login: ", tostring(why), "\n")
  os.exit(1)
end

local keytab, port = arg[1], tonumber(arg[2] or 1143)
io.stdout:setvbuf("line")
local common = { keytab = keytab, services = "imap", usage = "accept" }
local function credential(package, options)
  local settings = { package = package, options = options }
  for name, value in pairs(common) do
    settings[name] = value
  end
  return need(sspi.credential(settings))
end
local credentials = {
  GSSAPI = credential "Kerberos",
  ["GSS-SPNEGO"] = credential("Negotiate", { negotiate_packages = "Kerberos" }),
}
local server = need(socket.listen { host = "127.0.0.1", port = port, reuseaddr = true })
server:onerror(function(_, _, why) return why end)
need(server:listen(), ("port %d is in use or not allowed: name another one"):format(port))
local _, address, bound = server:localname()
print(("listening on %s:%d"):format(address, bound))

local queue = cqueues.new()
queue:wrap(function()
  for con in server:clients { nodelay = true } do
    queue:wrap(converse, con, credentials)
  end
end)
while not queue:empty() do
  local fine, why = queue:step()
  if not fine then io.stderr:write("imap_login: ", tostring(why), "\n") end
end
