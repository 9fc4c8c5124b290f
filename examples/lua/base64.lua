-- Base64 as HTTP's Authorization headers carry it (RFC 4648, section 4): strict, no line breaks, padding required.
local base64 = {}

local ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
local value_of, digit_of = {}, {}
for i = 1, #ALPHABET do
  value_of[ALPHABET:byte(i)] = i - 1
  digit_of[i - 1] = ALPHABET:sub(i, i)
end

function base64.encode(data)
  local out = {}
  for i = 1, #data, 3 do
    local a, b, c = data:byte(i, i + 2)
    local bits = a << 16 | (b or 0) << 8 | (c or 0)
    out[#out + 1] = digit_of[bits >> 18] .. digit_of[bits >> 12 & 63]
      .. (b and digit_of[bits >> 6 & 63] or "=") .. (c and digit_of[bits & 63] or "=")
  end
  return table.concat(out)
end

--- The bytes, or nil where the text is not clean base64.
function base64.decode(text)
  local body, padding = text:match("^([%w+/]*)(=?=?)$")
  if not body or #text % 4 ~= 0 then return nil end
  local out = {}
  for i = 1, #body, 4 do
    local a, b, c, d = body:byte(i, i + 3)
    local bits = value_of[a] << 18 | value_of[b] << 12 | (c and value_of[c] or 0) << 6 | (d and value_of[d] or 0)
    out[#out + 1] = string.char(bits >> 16, bits >> 8 & 255, bits & 255)
  end
  local data = table.concat(out)
  return data:sub(1, #data - #padding)
end

return base64
