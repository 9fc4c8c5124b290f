-- What the Lua tests share: one account, both credentials, whole handshakes.
local sspi = require "sspi"

local support = { user = "alice", domain = "EXAMPLE", password = "Correct horse 7" }

function support.store()
    local store = assert(sspi.account_store "memory:")
    assert(store:add(support.user, support.password, support.domain))
    return store
end

function support.acceptor(settings)
    settings = settings or {}
    settings.accounts = settings.accounts or support.store()
    return assert(sspi.credential(settings))
end

function support.initiator(password, user)
    return assert(sspi.credential {
        usage = "initiate", username = user or support.user, domain = support.domain,
        password = password or support.password,
    })
end

--- A handshake up to the client's last token, which the server has not seen.
function support.last_token(server, client)
    local token = assert(client:step())
    token = assert(server:step(token))
    return (assert(client:step(token)))
end

--- Runs a handshake to its end: what the server's last step gives.
function support.shake(server, client)
    return server:step(support.last_token(server, client))
end

function support.pair(both)
    both = both or {}
    local options = { target = "HTTP/www.example.com", channel_bindings = both.channel_bindings }
    local server = support.acceptor(both.settings):accept { channel_bindings = both.channel_bindings }
    local client = support.initiator():initiate(options)
    assert(support.shake(server, client))
    return server, client
end

return support
