#!/usr/bin/env lua5.4
-- An HTTP server whose page is for known users only: NTLM or Kerberos over HTTP, bound to the connection, on cqueues.
--
--     gateway.lua --accounts accounts.db --domain EXAMPLE --port 8080
--
-- Every package that speaks HTTP joins by its name: `--scheme Negotiate,NTLM`. Do not put a proxy in front that shares
-- its connections between clients: what is authenticated is the connection. Each client takes one file descriptor:
-- raise the shell's limit (ulimit -n) for more than about 1,000.

local function die(...)
  io.stderr:write("gateway: ", string.format(...), "\n")
  os.exit(1)
end

local function need(name, advice)
  local found, module = pcall(require, name)
  if found then return module end
  die("the Lua module %s is missing or cannot be loaded: %s", name, advice)
end

package.path = (arg[0]:match("^(.*)/") or ".") .. "/?.lua;" .. package.path
local cqueues = need("cqueues", "install it with 'apt-get install lua-cqueues'")
local socket = require "cqueues.socket"
local signal = require "cqueues.signal"
local errno = require "cqueues.errno"
local sspi = need("sspi", "install it, or set LUA_PATH and LUA_CPATH to where it was built")
local tls_cqueues = require "sspi.tls_cqueues"
local http1 = require "http1"
local page = require "page"
local Login = require "connection_login"

local METHODS = { GET = true, HEAD = true, POST = true }
local REPLY_SECONDS = 30

local OPTIONS = {
  { "listen", "127.0.0.1", "address to listen on" },
  { "port", 8080, "port to listen on, 0: any free one" },
  { "accounts", nil, "account store, as sspi-accounts makes it (default: sspi.conf's)" },
  { "keytab", nil, "keys of HTTP/this-host for Kerberos (default: sspi.conf's)" },
  { "certificate", nil, "serve HTTPS with this certificate (PEM)" },
  { "key", nil, "its private key, if it is in another file" },
  { "allow-missing-bindings", false, "HTTPS: lets clients in that send no channel bindings" },
  { "domain", nil, "NetBIOS name of the domain to announce" },
  { "scheme", "NTLM", "HTTP schemes to offer, separated by commas" },
  { "leg-timeout", 15, "seconds between two legs" },
  { "login-timeout", 60, "seconds for a connection without login" },
  { "body-timeout", 30, "seconds for a request's body" },
  { "idle-timeout", 75, "seconds between two requests" },
}

local function usage()
  print("usage: gateway.lua [--option value]...\n\nServes one page to users who log in by NTLM or Kerberos.\n")
  for _, row in ipairs(OPTIONS) do
    print(("  --%-22s %s%s"):format(row[1], row[3], row[2] and (" (%s)"):format(row[2]) or ""))
  end
  os.exit(0)
end

local function arguments()
  local options, known = {}, {}
  for _, row in ipairs(OPTIONS) do
    options[row[1]], known[row[1]] = row[2], row
  end
  local i = 1
  while i <= #arg do
    local name, value = arg[i]:match("^%-%-([%w-]+)=?(.*)$")
    if name == "help" then usage() end
    if not known[name] then die("unknown option '%s': see --help", arg[i]) end
    local flag = known[name][2] == false
    if flag and arg[i]:find("=", 1, true) then die("option --%s takes no value", name) end
    if flag then
      value = true
    elseif not arg[i]:find("=", 1, true) then
      i = i + 1
      value = arg[i]
    end
    if not value then die("option --%s needs a value", name) end
    local number = type(known[name][2]) == "number"
    options[name] = number and tonumber(value) or not number and value or die("option --%s needs a number", name)
    i = i + 1
  end
  return options
end

local function log(...)
  io.stderr:write("gateway: ", string.format(...), "\n")
end

-- What a client claims may hold anything: control characters and quotes never reach the log as they are.
local function quoted(text)
  return "'" .. text:gsub("[^ -~]", function(c) return ("\\x%02x"):format(c:byte()) end):gsub("'", "\\'") .. "'"
end

local REASONS = {}
for name, number in pairs(sspi.core) do
  local reason = name:match("^SSPI_REASON_(.+)$")
  if reason then REASONS[number] = reason end
end

local peer_of_step = "?"

-- One line a login attempt, for the operator only.
local function log_event(event)
  local when = os.date("!%Y-%m-%dT%H:%M:%SZ", event.time // 1 | 0)
  local outcome = event.status == "SEC_E_OK" and "login" or "refused"
  log("%s %s client=%s workstation=%s package=%s status=%s reason=%s peer=%s: %s", when, outcome,
    quoted(event.client_name), quoted(event.workstation), event.package, event.status, REASONS[event.reason],
    peer_of_step, (quoted(event.explanation):sub(2, -2)))
end

-- One credential a scheme; the name of an HTTP scheme is that of its package.
local function acquire(options)
  local credentials = {}
  if options.keytab and not ("," .. options.scheme:lower() .. ","):find(",negotiate,", 1, true) then
    die("--keytab is for Kerberos: offer it with --scheme Negotiate,NTLM")
  end
  for scheme in options.scheme:gmatch("[^,]+") do
    local tickets = scheme:lower() == "negotiate"
    local credential, why = sspi.credential {
      package = scheme,
      usage = "accept",
      accounts = options.accounts,
      keytab = tickets and options.keytab or nil,
      services = tickets and "HTTP" or nil, -- whatever else the keytab is for
      options = { netbios_domain_name = options.domain },
      on_event = log_event,
    }
    if not credential then die("%s: %s", scheme, why) end
    table.insert(credentials, { scheme = scheme, credential = credential })
  end
  return credentials
end

-- The server's certificate; nil: no TLS.
local function acquire_tls(options)
  if not options.certificate then return nil end
  local credential, why = sspi.credential {
    package = "Schannel", usage = "accept",
    options = { tls_certificate = options.certificate, tls_private_key = options.key },
  }
  local fine
  if credential then fine, why = credential:check() end
  return fine and credential or die("%s", why)
end

local function refuse(con, request, status)
  http1.reply(con, request, status, { { "Content-Type", "text/plain" } }, "", cqueues.monotime() + REPLY_SECONDS)
end

-- What the verdict on a request looks like: status, header fields, body.
local function compose(request, verdict, number, body_bytes)
  local fields = {
    { "Cache-Control", "no-store" }, { "Vary", "Accept" }, { "X-Content-Type-Options", "nosniff" },
  }
  for _, offer in ipairs(verdict.offers) do
    table.insert(fields, { "WWW-Authenticate", offer })
  end
  local status, kind, body = 200
  if not verdict.identity then
    status, kind, body = 401, "text/plain", page.REFUSED
  elseif not METHODS[request.method] then
    table.insert(fields, { "Allow", "GET, HEAD, POST" })
    status, kind, body = 405, "text/plain", "The method is not allowed.\n"
  elseif table.concat(request.headers.accept or {}):find("application/json", 1, true) then
    kind, body = "application/json", page.json(verdict.identity, number, body_bytes)
  else
    kind, body = "text/html", page.html(verdict.identity, number, body_bytes)
  end
  table.insert(fields, { "Content-Type", kind .. "; charset=utf-8" })
  return status, fields, body
end

-- One connection from accept to close.
local function converse(con, login, options)
  local _, address, port = con:peername()
  local peer = ("%s:%s"):format(address, port)
  local wait, number = options["login-timeout"], 0
  while true do
    local request, failed = http1.read_head(con, cqueues.monotime() + wait)
    if not request then
      if failed == 408 then log("timeout peer=%s: no request in time, connection closed", peer) end
      if failed ~= 0 and failed ~= 408 then refuse(con, nil, failed) end
      return
    end
    number = number + 1
    local body_bytes
    body_bytes, failed = http1.read_body(con, request, cqueues.monotime() + options["body-timeout"])
    if not body_bytes then
      request.persistent = false
      if failed ~= 0 then refuse(con, request, failed) end
      return
    end
    peer_of_step = peer
    local verdict = login:check(request.headers.authorization, request.persistent)
    wait = options[verdict.pending and "leg-timeout" or verdict.identity and "idle-timeout" or "login-timeout"]
    local status, fields, body = compose(request, verdict, number, body_bytes)
    local sent = http1.reply(con, request, status, fields, body, cqueues.monotime() + REPLY_SECONDS)
    if not sent or not request.persistent then return end
  end
end

-- TLS by Schannel, where there is a certificate: the socket to go on with, and what ties a login to it.
local function secure(con, options)
  if not options.tls then return con end
  local _, address, port = con:peername()
  local secured, why = tls_cqueues.server(con, options.tls, { timeout = options["leg-timeout"], alpn = { "http/1.1" } })
  if not secured then
    log("no TLS peer=%s:%s: %s", tostring(address), tostring(port), quoted(tostring(why)))
    con:close()
    return nil
  end
  return secured, secured.tls:channel_bindings()
end

local function serve(con, credentials, options)
  local bindings
  con, bindings = secure(con, options)
  if not con then return end
  local login = Login.new(credentials, bindings, options["allow-missing-bindings"])
  http1.prepare(con)
  local fine, why = pcall(converse, con, login, options)
  login:close()
  if not fine then log("error: %s", tostring(why)) end
  http1.finish(con)
end

local function listen(options)
  local server, why = socket.listen { host = options.listen, port = options.port, reuseaddr = true }
  if server then
    server:onerror(function(_, _, code) return code end)
    local ready
    ready, why = server:listen()
    if ready then return server end
  end
  if why == errno.EADDRINUSE then
    die("port %d is in use: stop what uses it, or choose another with --port", options.port)
  end
  die("cannot listen on %s, port %d: %s", options.listen, options.port, errno.strerror(why) or tostring(why))
end

local function accept_all(queue, server, credentials, options)
  while true do
    local con, why = server:accept { nodelay = true }
    if con then
      queue:wrap(serve, con, credentials, options)
    elseif why == errno.EMFILE or why == errno.ENFILE then
      cqueues.sleep(0.05) -- no descriptor left: clients wait in the backlog until one is closed
    end
  end
end

local function main()
  local options = arguments()
  local credentials = acquire(options)
  options.tls = acquire_tls(options)
  local server = listen(options)
  local queue = cqueues.new()
  local _, address, port = server:localname()
  log("listening on %s://%s:%d/", options.tls and "https" or "http", address, port)
  queue:wrap(accept_all, queue, server, credentials, options)
  signal.block(signal.SIGINT, signal.SIGTERM)
  queue:wrap(function()
    signal.listen(signal.SIGINT, signal.SIGTERM):wait()
    os.exit(0, true)
  end)
  while not queue:empty() do
    local fine, why = queue:step()
    if not fine then log("error: %s", tostring(why)) end
  end
end

main()
