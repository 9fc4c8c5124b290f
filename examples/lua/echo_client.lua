#!/usr/bin/env lua5.4
-- Logs in at an echo server by NTLM and prints what it answers.
--
--     printf 'password\nhello\n' | echo_client.lua 127.0.0.1 7777 EXAMPLE alice
--
-- The first line of standard input is the password, each further line a message.
local socket = require "cqueues.socket"
local sspi = require "sspi"

local MAX_FRAME = 65536

local function need(value, why)
  if value then return value end
  io.stderr:write("echo_client: ", tostring(why), "\n")
  os.exit(1)
end

local function receive(server)
  local head = server:xread(4, "b")
  if not head or #head < 4 then return nil end
  local size = (">I4"):unpack(head)
  if size == 0 or size > MAX_FRAME then return nil end
  return server:xread(size, "b")
end

local function send(server, data)
  need(server:xwrite((">s4"):pack(data), "n"), "the server hung up")
end

local function log_in(context, server)
  local token = need(context:step())
  while token ~= "" do
    send(server, token)
    if context:is_complete() then break end
    token = need(context:step(need(receive(server), "the server refused the login")))
  end
end

local host, port, domain, user = table.unpack(arg)
if not user then
  need(nil, "usage: echo_client.lua HOST PORT DOMAIN USER, with the password as first line of standard input")
end
local credential = need(sspi.credential {
  package = "NTLM", usage = "initiate", username = user, domain = domain, password = io.read("l") or "",
})
local context = need(credential:initiate { target = "echo/" .. host })
local server = need(socket.connect { host = host, port = tonumber(port), nodelay = true })
server:settimeout(30)
server:setmode("b", "b")
server:onerror(function(_, _, why) return why end)
need(server:connect(), ("nobody listens on %s, port %s"):format(host, port))
log_in(context, server)
-- NTLM's client cannot know that it is accepted until the server says something that only it could have sealed.
print(need(context:unwrap(need(receive(server), "the server refused the login"))))
for line in io.lines() do
  send(server, need(context:wrap(line)))
  print(need(context:unwrap(need(receive(server), "the server hung up"))))
end
context:close()
