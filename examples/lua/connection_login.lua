-- The login of one HTTP connection: what its Authorization headers have proved so far.
-- NTLM and Negotiate authenticate the connection, not the request: one of these lives as long as the connection.
local cqueues = require "cqueues"
local base64 = require "base64"

local MAX_TOKEN = 48 * 1024

local Login = {}
Login.__index = Login

local FLAGS = { "confidentiality", "integrity", "replay_detect", "sequence_detect" }
local LENIENT_FLAGS = { "allow_missing_bindings", table.unpack(FLAGS) }

--- `credentials` is a list of { scheme = "NTLM", credential = ... }, in the order of offering. `bindings` of the TLS
-- channel that the connection travels in: a login that was made for another channel (a relayed one) is refused, and
-- one that knows nothing of bindings as well, unless `allow_missing`.
function Login.new(credentials, bindings, allow_missing)
  local channel = { flags = bindings and allow_missing and LENIENT_FLAGS or FLAGS, channel_bindings = bindings }
  return setmetatable({ credentials = credentials, channel = channel, legs = {} }, Login)
end

--- Forgets the identity and a handshake under way.
function Login:close()
  self.identity = nil
  if self.context then
    self.context:close()
    self.context = nil
  end
end

-- The verdict where nothing new is proved: the identity that stands, or what to offer.
function Login:answer()
  if self.identity then return { identity = self.identity, offers = {} } end
  local offers = {}
  for i, entry in ipairs(self.credentials) do
    offers[i] = entry.scheme
  end
  return { offers = offers }
end

function Login:credential_for(scheme)
  for _, entry in ipairs(self.credentials) do
    if entry.scheme:lower() == scheme then return entry.credential end
  end
end

-- A first message of NTLM (type 1) or of the GSS mechanisms: the client starts anew on this connection.
local function begins_handshake(token)
  return token:sub(1, 12) == "NTLMSSP\0\1\0\0\0" or token:sub(1, 1) == "\x60"
end

local function names_of(set)
  local names = {}
  for name in pairs(set) do
    names[#names + 1] = name:upper()
  end
  table.sort(names)
  return names
end

local function identity_of(context, legs)
  local key = context:key_info() or {} -- none where the client asked for no protection of messages, as HTTP's seldom do
  return {
    name = context:client_name(),
    package = context:package(),
    flags = names_of(context:flags()),
    key_bits = key.key_size or 0,
    encryption = key.encrypt_algorithm or "none",
    signature = key.signature_algorithm or "none",
    expires = context:expiry(), -- nil: never, as with NTLM
    legs = legs,
  }
end

function Login:note_leg(started)
  local now = cqueues.monotime()
  self.first = self.first or started
  table.insert(self.legs, {
    received = os.date("!%Y-%m-%dT%H:%M:%SZ"),
    after_ms = (started - self.first) * 1e3,
    step_us = (now - started) * 1e6,
  })
end

function Login:step(credential, token, persistent)
  if not self.context then
    self.context = credential:accept(self.channel)
    self.legs, self.first = {}, nil
  end
  local started = cqueues.monotime()
  local reply = self.context:step(token)
  if not reply then
    self:close() -- the event callback has told the operator why; the client learns nothing more
    return self:answer()
  end
  self:note_leg(started)
  local offers = { self.label .. " " .. base64.encode(reply) }
  if self.context:is_complete() then
    self.identity = identity_of(self.context, self.legs)
    self.context:close()
    self.context = nil
    return { identity = self.identity, offers = reply ~= "" and offers or {} }
  end
  if not persistent then
    self:close()
    return self:answer()
  end
  return { offers = offers, pending = true }
end

--- Judges one request by its Authorization headers (a list, or nil). Gives { identity, offers, pending }: an identity
--- means yes; `offers` are the values of WWW-Authenticate; `pending` says that a challenge awaits its answer.
--- `persistent`: whether the connection outlives the reply; a challenge on one that does not is useless.
function Login:check(headers, persistent)
  if not headers then
    -- A request without credentials breaks off a handshake under way.
    if not self.identity or self.identity.expires and self.identity.expires <= os.time() then self:close() end
    return self:answer()
  end
  local label, text = headers[1]:match("^(%S+)%s+(%S+)$")
  local scheme = label and label:lower()
  local credential = scheme and self:credential_for(scheme)
  local token = text and #text <= MAX_TOKEN * 4 // 3 + 4 and base64.decode(text)
  if #headers ~= 1 or not credential or not token or token == "" then
    self:close()
    return self:answer()
  end
  -- New credentials end what the old ones proved, also when they turn out to be wrong.
  if self.identity or begins_handshake(token) or scheme ~= self.scheme then self:close() end
  self.scheme, self.label = scheme, label
  return self:step(credential, token, persistent)
end

return Login
