-- What Lua's layer does with a KDC: prints one line for each thing that worked. Arguments: a folder of kdc.sh.
local sspi = require "sspi"

local folder = arg[1]
local SERVICE, BACK = "HTTP/server.example.test", "svc/server.example.test"

local function accept(settings, token, flags)
    settings.package = settings.package or "Kerberos"
    local context = assert(sspi.credential(settings)):accept { flags = flags }
    assert(context:step(token))
    return context
end

local function front(settings, client_flags, server_flags)
    local client = assert(sspi.credential { package = "Kerberos", usage = "initiate" })
    local token = assert(client:initiate { target = SERVICE, flags = client_flags }:step())
    settings.keytab, settings.services = folder .. "/http.keytab", "HTTP"
    return accept(settings, token, server_flags)
end

-- Who the second service sees when the first logs in there with `credential`.
local function behind(credential)
    local token, why, name = credential:initiate { target = BACK }:step()
    if not token then return name .. ": " .. why end
    return accept({ keytab = folder .. "/all.keytab", services = "svc" }, token):client_name()
end

local function client_by(settings)
    settings.package, settings.usage = "Kerberos", "initiate"
    local token = assert(assert(sspi.credential(settings)):initiate { target = SERVICE }:step())
    return accept({ keytab = folder .. "/http.keytab" }, token):client_name()
end

print("keytab", client_by { principal = "bob@EXAMPLE.TEST", keytab = folder .. "/bob.keytab" })
print("keytab", client_by { username = "bob", domain = "EXAMPLE.TEST", keytab = folder .. "/bob.keytab" })
print("password", client_by { username = "bob@EXAMPLE.TEST", password = arg[2] })

local server = front({}, { "mutual_auth", "delegate" }, { "delegate" })
local lent = assert(server:delegated_credential())
server:close()
print("lent", tostring(lent), behind(lent))

local own = assert(sspi.credential {
    package = "Kerberos", keytab = folder .. "/http.keytab", principal = SERVICE,
    options = { constrained_delegation = "anyone" },
})
local bob = assert(own:for_user "bob")
print("for a user", behind(bob))
server = own:accept()
assert(server:step(assert(bob:initiate { target = SERVICE }:step())))
print("constrained", behind(assert(server:constrained_credential())))
print("not allowed", select(3, front({}):constrained_credential()))
print("unknown", select(3, own:for_user("nobody", "EXAMPLE.TEST")))
print("misuse", pcall(own.for_user, own, 5))
