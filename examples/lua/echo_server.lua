#!/usr/bin/env lua5.4
-- Logs clients in, tells each who it is, signed, and gives back what it says, sealed.
--
--     echo_server.lua accounts.db 7777               by NTLM
--     echo_server.lua svc.keytab 7777 Kerberos       by Kerberos
--
-- A frame is four bytes of length, most significant first, and so many bytes: tokens first, then the greeting and its
-- signature, then sealed messages. The programs in ../c and ../python speak the same.
local cqueues = require "cqueues"
local socket = require "cqueues.socket"
local sspi = require "sspi"

local MAX_FRAME = 65536
local LOGIN_SECONDS, IDLE_SECONDS = 15, 600

-- nil: the peer is gone, too slow or does not speak our language.
local function receive(con, seconds)
  local head = con:xread(4, "b", seconds)
  if not head or #head < 4 then return nil end
  local size = (">I4"):unpack(head)
  if size > MAX_FRAME then return nil end
  if size == 0 then return "" end
  local data = con:xread(size, "b", seconds)
  return data and #data == size and data or nil
end

local function send(con, data)
  return con:xwrite((">s4"):pack(data), "n", IDLE_SECONDS)
end

local function log_in(context, con)
  repeat
    local token = receive(con, LOGIN_SECONDS)
    if not token then return nil, "the client is gone" end
    local reply = context:step(token)
    if not reply then return nil, context:explain() end
    if reply ~= "" then send(con, reply) end
  until context:is_complete()
  return context:client_name()
end

local function converse(con, credential)
  con:setmode("b", "b")
  con:setvbuf("full", 65536)
  con:onerror(function(_, _, why) return why end)
  local context = credential:accept()
  local name, why = log_in(context, con)
  if name then
    local text = "You are " .. name
    print(text)
    send(con, text)
    send(con, assert(context:sign(text)))
    while true do
      local message = receive(con, IDLE_SECONDS)
      text = message and context:unwrap(message)
      if not text then break end
      send(con, assert(context:wrap(text)))
    end
  else
    io.stderr:write("client refused: ", why, "\n")
  end
  context:close()
  con:close()
end

local source, port, package = arg[1], tonumber(arg[2] or 7777), arg[3] or "NTLM"
local function need(value, why)
  if value then return value end
  io.stderr:write("echo_server: ", tostring(why), "\n")
  os.exit(1)
end
io.stdout:setvbuf("line")
local credential = need(sspi.credential {
  package = package, usage = "accept", [package == "NTLM" and "accounts" or "keytab"] = source,
})
local server = need(socket.listen { host = "127.0.0.1", port = port, reuseaddr = true })
server:onerror(function(_, _, why) return why end)
need(server:listen(), ("port %d is in use or not allowed: name another one"):format(port))
local _, address, bound = server:localname()
print(("listening on %s:%d"):format(address, bound))

local queue = cqueues.new()
queue:wrap(function()
  for con in server:clients { nodelay = true } do
    queue:wrap(converse, con, credential)
  end
end)
while not queue:empty() do
  local fine, why = queue:step()
  if not fine then io.stderr:write("echo_server: ", tostring(why), "\n") end
end
