-- The protected page: who you are and how that was proved, as HTML or as JSON. The session key is no part of it.
local page = {}

page.REFUSED = "You are not logged in.\n"

local STYLE = "body{font:16px/1.5 sans-serif;max-width:45rem;margin:3rem auto;padding:0 1rem}"
  .. "th{text-align:left;padding-right:2rem;vertical-align:top}"

local ENTITIES = { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;", ['"'] = "&quot;", ["'"] = "&#39;" }

local function escape(text)
  return (text:gsub("[&<>\"']", ENTITIES))
end

local function quote(text)
  local function hide(c) return ("\\u%04x"):format(c:byte()) end
  return '"' .. text:gsub('["\\]', "\\%0"):gsub("%c", hide) .. '"'
end

local function each(list, format)
  local out = {}
  for i, item in ipairs(list) do
    out[i] = format(item)
  end
  return out
end

function page.json(identity, request_number, body_bytes)
  local legs = each(identity.legs, function(leg)
    local received = quote(leg.received)
    return ('    {"received": %s, "after_ms": %.3f, "step_us": %.1f}'):format(received, leg.after_ms, leg.step_us)
  end)
  return table.concat({
    "{",
    ('  "name": %s,'):format(quote(identity.name)),
    ('  "package": %s,'):format(quote(identity.package)),
    ('  "flags": [%s],'):format(table.concat(each(identity.flags, quote), ", ")),
    ('  "key_bits": %d,'):format(identity.key_bits),
    ('  "encryption": %s,'):format(quote(identity.encryption)),
    ('  "signature": %s,'):format(quote(identity.signature)),
    ('  "legs": [\n%s\n  ],'):format(table.concat(legs, ",\n")),
    ('  "request_on_connection": %d,'):format(request_number),
    ('  "body_bytes": %d'):format(body_bytes),
    "}\n",
  }, "\n")
end

local HTML = [[
<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>%s</title><style>%s</style></head>
<body><h1>You are %s</h1>
<table>
%s
</table></body></html>
]]

function page.html(identity, request_number, body_bytes)
  local legs = each(identity.legs, function(leg)
    local text = "%s, %.3f ms after the first, %.1f &micro;s of ours"
    return text:format(escape(leg.received), leg.after_ms, leg.step_us)
  end)
  local key = "%d bits, encryption %s, signature %s"
  local rows = {
    { "Package", escape(identity.package) },
    { "Agreed", escape(table.concat(identity.flags, ", ")) },
    { "Key", escape(key:format(identity.key_bits, identity.encryption, identity.signature)) },
    { "Legs", table.concat(legs, "<br>") },
    { "Request on this connection", request_number },
    { "Bytes in your request", body_bytes },
  }
  local cells = each(rows, function(row)
    return ("<tr><th>%s</th><td>%s</td></tr>"):format(row[1], row[2])
  end)
  local name = escape(identity.name)
  return HTML:format(name, STYLE, name, table.concat(cells, "\n"))
end

return page
