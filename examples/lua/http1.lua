-- As much of HTTP/1.1 (RFC 9112) on a cqueues socket as the gateway needs: heads, bodies, replies, each with a deadline
-- in the seconds of cqueues.monotime. Where the peer is at fault, a function gives nil and an HTTP status, which is 0
-- where the connection is gone and there is nobody to answer.
local cqueues = require "cqueues"
local errno = require "cqueues.errno"

local http1 = {}

http1.MAX_LINE = 64 * 1024 + 256 -- an Authorization header of the largest token
http1.MAX_HEADERS = 100
http1.MAX_BODY = 1024 * 1024

local REASONS = {
  [200] = "OK", [400] = "Bad Request", [401] = "Unauthorized", [405] = "Method Not Allowed", [408] = "Request Timeout",
  [413] = "Content Too Large", [417] = "Expectation Failed", [431] = "Request Header Fields Too Large",
  [500] = "Internal Server Error", [501] = "Not Implemented", [505] = "HTTP Version Not Supported",
}

--- Prepares an accepted socket.
function http1.prepare(con)
  con:setmode("b", "b")
  con:setvbuf("full", 65536)
  con:setmaxline(http1.MAX_LINE)
  con:onerror(function(_, _, why) return why end)
end

local function remaining(deadline)
  return math.max(0, deadline - cqueues.monotime())
end

local function read(con, what, deadline)
  local data, why = con:xread(what, "b", remaining(deadline))
  if data then return data end
  return nil, why == errno.ETIMEDOUT and 408 or 0
end

local function read_line(con, deadline)
  local line, status = read(con, "*L", deadline)
  if not line then return nil, status end
  if line:sub(-1) ~= "\n" then return nil, #line >= http1.MAX_LINE and 431 or 0 end
  return (line:gsub("\r?\n$", ""))
end

local function read_headers(con, deadline)
  local headers = {}
  for _ = 1, http1.MAX_HEADERS do
    local line, status = read_line(con, deadline)
    if not line then return nil, status end
    if line == "" then return headers end
    local name, value = line:match("^([%w!#$%%&'*+.^_`|~-]+):[ \t]*(.-)[ \t]*$")
    if not name or value:find("[%z\r]") then return nil, 400 end
    name = name:lower()
    headers[name] = headers[name] or {}
    table.insert(headers[name], value)
  end
  return nil, 431
end

local function has_option(values, option)
  for _, value in ipairs(values or {}) do
    for word in value:lower():gmatch("[^%s,]+") do
      if word == option then return true end
    end
  end
  return false
end

--- Reads a request's head: method, target, version, headers (lower-case name to list of values), persistent.
function http1.read_head(con, deadline)
  local line, status
  repeat -- an empty line before a request is to be skipped (RFC 9112, 2.2)
    line, status = read_line(con, deadline)
    if not line then return nil, status end
  until line ~= ""
  local method, target, minor = line:match("^(%u+) (%S+) HTTP/1%.([01])$")
  if not method then return nil, line:find(" HTTP/%d") and not line:find(" HTTP/1%.[01]$") and 505 or 400 end
  local headers
  headers, status = read_headers(con, deadline)
  if not headers then return nil, status end
  local persistent
  if minor == "1" then
    persistent = not has_option(headers.connection, "close")
  else
    persistent = has_option(headers.connection, "keep-alive")
  end
  return { method = method, target = target, minor = minor, headers = headers, persistent = persistent }
end

-- How long the body is: a number, "chunked", or nil and a status (RFC 9112, section 6.3).
local function body_length(headers)
  local lengths, codings = headers["content-length"], headers["transfer-encoding"]
  if codings then
    if lengths or #codings ~= 1 then return nil, 400 end
    if codings[1]:lower() ~= "chunked" then return nil, 501 end
    return "chunked"
  end
  if not lengths then return 0 end
  if #lengths ~= 1 or not lengths[1]:match("^%d+$") then return nil, 400 end
  if #lengths[1] > 15 then return nil, 413 end
  return math.tointeger(tonumber(lengths[1]))
end

-- Reads and drops exactly `size` bytes.
local function skip(con, size, deadline)
  while size > 0 do
    local data, status = read(con, -math.min(size, 65536), deadline)
    if not data then return nil, status end
    size = size - #data
  end
  return true
end

local function skip_chunks(con, deadline)
  local total = 0
  while true do
    local line, status = read_line(con, deadline)
    if not line then return nil, status end
    local digits = line:match("^(%x+)%s*$") or line:match("^(%x+)%s*;")
    if not digits or #digits > 8 then return nil, 400 end
    local size = tonumber(digits, 16)
    total = total + size
    if total > http1.MAX_BODY then return nil, 413 end
    if size == 0 then break end
    local done
    done, status = skip(con, size, deadline)
    if not done then return nil, status end
    line, status = read_line(con, deadline)
    if line ~= "" then return nil, line and 400 or status end
  end
  local trailers, status = read_headers(con, deadline)
  return trailers and total, status
end

--- Reads a request's body and gives its size: the connection must stay usable for the rest of a handshake.
function http1.read_body(con, request, deadline)
  local length, status = body_length(request.headers)
  if not length then return nil, status end
  if length ~= "chunked" and length > http1.MAX_BODY then return nil, 413 end
  if request.minor == "1" and length ~= 0 and has_option(request.headers.expect, "100-continue") then
    con:xwrite("HTTP/1.1 100 Continue\r\n\r\n", "n", remaining(deadline))
  end
  if length == "chunked" then return skip_chunks(con, deadline) end
  local done
  done, status = skip(con, length, deadline)
  return done and length, status
end

--- Sends a reply; `fields` is a list of { name, value }. Gives true, or nil where the peer is gone or too slow.
function http1.reply(con, request, status, fields, body, deadline)
  local lines = {
    ("HTTP/1.1 %d %s"):format(status, REASONS[status] or "Status"),
    "Date: " .. os.date("!%a, %d %b %Y %H:%M:%S GMT"),
    "Content-Length: " .. #body,
  }
  for _, field in ipairs(fields) do
    lines[#lines + 1] = field[1] .. ": " .. field[2]
  end
  if not (request and request.persistent) then
    lines[#lines + 1] = "Connection: close"
  elseif request.minor == "0" then
    lines[#lines + 1] = "Connection: keep-alive"
  end
  local head = table.concat(lines, "\r\n") .. "\r\n\r\n"
  if request and request.method == "HEAD" then body = "" end
  return con:xwrite(head .. body, "n", remaining(deadline)) and true or nil
end

--- Closes without losing the last reply: what the peer still sends is read for a moment (RFC 9112, 9.6).
function http1.finish(con)
  con:shutdown("w")
  local deadline = cqueues.monotime() + 2
  for _ = 1, 64 do
    if not read(con, -65536, deadline) then break end
  end
  con:close()
end

return http1
