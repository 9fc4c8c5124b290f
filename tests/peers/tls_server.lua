--- A TLS server of ours for foreign clients, in Lua: echoes their lines.
--
--     tls_server.lua [--option NAME=VALUE]... [--alpn NAME]... [--mutual]

local cqueues = require "cqueues"
local socket = require "cqueues.socket"
local sspi = require "sspi"
local tls_cqueues = require "sspi.tls_cqueues"

local options, alpn, flags = {}, {}, {}
local at = 1
while arg[at] do
  if arg[at] == "--mutual" then
    flags = { "mutual_auth" }
  elseif arg[at] == "--alpn" then
    at = at + 1
    alpn[#alpn + 1] = arg[at]
  else
    at = at + 1
    local name, value = arg[at]:match("^([%w_]+)=(.*)$")
    options[name] = value
  end
  at = at + 1
end

local function say(...)
  print(...)
  io.stdout:flush()
end

local credential = assert(sspi.credential { package = "Schannel", usage = "accept", options = options })
local queue = cqueues.new()

local function converse(lower)
  lower:onerror(function(_, _, why) return why end)
  local con, why = tls_cqueues.server(lower, credential, { alpn = alpn, flags = flags, timeout = 60 })
  if not con then
    say("refused", why)
    return lower:close()
  end
  con:setmaxline(1 << 20)
  while true do
    local line = con:xread("*L", "b", 60)
    if not line or not con:xwrite(line, "n", 60) then break end
  end
  con:close()
end

local listener = assert(socket.listen { host = "127.0.0.1", port = 0 })
assert(listener:listen())
local _, _, port = listener:localname()
say(("listening on 127.0.0.1:%d"):format(port))
queue:wrap(function()
  for lower in listener:clients() do
    queue:wrap(converse, lower)
  end
end)
assert(queue:loop())
