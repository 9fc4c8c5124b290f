#!/usr/bin/env lua5.4
-- Logs in at an echo server and prints what it answers. Each line of standard input is a message.
--
--     echo_client.lua 127.0.0.1 7777 svc/server.example.com      by Kerberos, with the ticket that kinit got
--     echo_client.lua 127.0.0.1 7777 EXAMPLE alice               by NTLM; the first line is the password
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

local function step(context, token)
  return context:step(token) or need(nil, context:explain())
end

local function log_in(context, server)
  local token = step(context)
  while token ~= "" do
    send(server, token)
    if context:is_complete() then break end
    token = step(context, need(receive(server), "the server refused the login"))
  end
end

if #arg ~= 3 and #arg ~= 4 then
  need(nil, "usage: echo_client.lua HOST PORT SERVICE\n"
    .. "       echo_client.lua HOST PORT DOMAIN USER, with the password as first line of standard input")
end
local host, port, service, user = table.unpack(arg)
local settings = { package = "Kerberos", usage = "initiate" }
if user then
  settings = {
    package = "NTLM", usage = "initiate", username = user, domain = service, password = io.read("l") or "",
  }
  service = "echo/" .. host
end
local credential = need(sspi.credential(settings))
-- NTLM's server cannot prove itself: there the mutual authentication is left out of what was agreed.
local flags = { "mutual_auth", "confidentiality", "integrity", "replay_detect", "sequence_detect" }
local context = need(credential:initiate { target = service, flags = flags })
local server = need(socket.connect { host = host, port = tonumber(port), nodelay = true })
server:settimeout(30)
server:setmode("b", "b")
server:onerror(function(_, _, why) return why end)
need(server:connect(), ("nobody listens on %s, port %s"):format(host, port))
log_in(context, server)
-- NTLM's client cannot know that it is accepted until the server says something that only it could have signed.
local greeting = need(receive(server), "the server refused the login")
need(context:verify(greeting, need(receive(server), "the server refused the login")))
if not user and not context:flags().mutual_auth then need(nil, "the server did not prove who it is") end
print(greeting)
for line in io.lines() do
  send(server, need(context:wrap(line)))
  print(need(context:unwrap(need(receive(server), "the server hung up"))))
end
context:close()
