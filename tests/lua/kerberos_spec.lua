-- Kerberos through the layer: keys and tickets, and who the client is. run.sh makes the realm; no KDC is asked.
local sspi = require "sspi"
local support = require "support"

local REALM = assert(os.getenv "SSPI_TEST_REALM", "SSPI_TEST_REALM is not set: run tests/lua/run.sh")
local KEYTAB, SERVICE, CLIENT = REALM .. "/http.keytab", "HTTP/server.example.test", "alice@EXAMPLE.TEST"
local PACKAGES = { "Kerberos", "Negotiate" }
local MUTUAL = { "mutual_auth", "confidentiality", "integrity", "replay_detect", "sequence_detect" }

local function keytab_bytes()
    local file = assert(io.open(KEYTAB, "rb"))
    local content = file:read "a"
    file:close()
    return content
end

local function server_of(settings)
    settings.package = settings.package or "Kerberos"
    return assert(sspi.credential(settings)):accept()
end

local function client_of(cache, package)
    local credential = assert(sspi.credential {
        package = package or "Kerberos", usage = "initiate", ccache = "FILE:" .. REALM .. "/" .. (cache or "cache"),
    })
    return credential:initiate { target = SERVICE, flags = MUTUAL }
end

-- One leg there and, with mutual authentication, one back.
local function shake(server, client)
    local token, sense, name, _ = server:step(assert(client:step()))
    if not token then return nil, sense, name end
    return client:step(token)
end

describe("a ticket", function()
    for _, package in ipairs(PACKAGES) do
        it("opens with a keytab's path, or its content, of " .. package, function()
            for _, keytab in ipairs { KEYTAB, keytab_bytes() } do
                local server, client = server_of { package = package, keytab = keytab }, client_of(nil, package)
                assert(shake(server, client))
                assert.is_true(server:is_complete() and client:is_complete())
                assert.are.equal(CLIENT, server:client_name())
                assert.are.equal("Kerberos", server:package())
                assert.is_true(client:flags().mutual_auth)
                assert.are.equal(server:session_key(), client:session_key())
                assert.are.equal("sealed", server:unwrap(assert(client:wrap "sealed")))
                assert.is_true(client:verify("signed", assert(server:sign "signed")))
            end
        end)

        it("tells SIDs and groups to " .. package, function()
            local server = server_of { package = package, keytab = KEYTAB }
            assert(shake(server, client_of("cache.pac", package)))
            local who = assert(server:identity())
            assert.are.equal("EXAMPLE\\alice", server:client_name())
            assert.are.same({
                user = "alice", domain = "EXAMPLE", principal = CLIENT, realm = "EXAMPLE.TEST",
                upn = "alice@example.test", dns_domain = "EXAMPLE.TEST", logon_server = "DC1",
                sid = "S-1-5-21-1-2-3-1105", account_flags = 0x210, user_flags = 0x20,
                groups = {
                    { sid = "S-1-5-21-1-2-3-513", attributes = 7 },
                    { sid = "S-1-5-21-1-2-3-1200", attributes = 7 },
                    { sid = "S-1-18-1", attributes = 7 },
                },
            }, who)
        end)
    end

    it("without a PAC tells no more than the principal", function()
        local server = server_of { keytab = KEYTAB }
        assert(shake(server, client_of()))
        assert.are.same({ principal = CLIENT, realm = "EXAMPLE.TEST", groups = {} }, server:identity())
    end)

    it("is accepted for the services that were named", function()
        for _, settings in ipairs {
            { services = "HTTP" }, { services = { "host", "HTTP" } }, { services = "*" }, { principal = SERVICE },
        } do
            settings.keytab = KEYTAB
            assert(shake(server_of(settings), client_of()))
        end
        for _, settings in ipairs { { services = "host" }, { services = { "host", "svc" } }, { principal = "HTTP/other" } } do
            settings.keytab = KEYTAB
            local server = server_of(settings)
            local done, _, name = shake(server, client_of())
            assert.is_nil(done)
            assert.are.equal("SEC_E_WRONG_PRINCIPAL", name)
            assert.are.equal(sspi.core.SSPI_REASON_WRONG_SERVICE, server:reason())
        end
    end)

    it("is refused with another key", function()
        local content = keytab_bytes()
        local other = content:sub(1, -9) .. string.char((content:byte(-8) + 1) % 256) .. content:sub(-7)
        for _, settings in ipairs {
            { keytab = other }, { principal = SERVICE .. "@EXAMPLE.TEST", password = "not the key" },
        } do
            local server = server_of(settings)
            assert.is_nil((shake(server, client_of())))
            assert.are.equal(sspi.core.SSPI_REASON_WRONG_KEY, server:reason())
        end
    end)
end)

describe("identity and delegation", function()
    it("of NTLM are the name, and nothing", function()
        for _, package in ipairs { "NTLM", "Negotiate" } do
            local server = support.acceptor { package = package, options = { negotiate_packages = "NTLM" } }:accept()
            assert(support.shake(server, support.initiator():initiate()))
            assert.are.same({ user = "alice", domain = "EXAMPLE", groups = {} }, server:identity())
            local credential, _, name = server:delegated_credential()
            assert.is_nil(credential)
            assert.are.equal("SEC_E_UNSUPPORTED_FUNCTION", name)
        end
    end)

    it("are not there before the end", function()
        local server = server_of { keytab = KEYTAB }
        assert.has_error(function() server:identity() end, "sspi: the context has not begun: call step first")
        assert.has_error(function() server:delegated_credential() end, "sspi: the context has not begun: call step first")
        assert(shake(server, client_of()))
        local credential, _, name = server:delegated_credential()
        assert.is_nil(credential)
        assert.are.equal("SEC_E_NO_CREDENTIALS", name)
        server:close()
        assert.has_error(function() server:identity() end, "sspi: the context is closed")
    end)
end)

describe("keys that are not there", function()
    it("are named", function()
        local none, why, name, _ = sspi.credential { package = "Kerberos", keytab = "/nowhere/http.keytab" }
        assert.is_nil(none)
        assert.truthy(why:find("/nowhere/http.keytab", 1, true))
        assert.are.equal("SEC_E_NO_CREDENTIALS", name)
        local client = client_of "absent"
        none, _, name = client:step()
        assert.is_nil(none)
        assert.are.equal("SEC_E_NO_CREDENTIALS", name)
        assert.truthy(client:explain():find("absent", 1, true))
    end)

    it("are refused when they are cut short", function()
        local content = keytab_bytes()
        for _, length in ipairs { 1, 2, 10, 60, #content - 1 } do
            local _, _, name = sspi.credential { package = "Kerberos", keytab = content:sub(1, length) }
            assert.are.equal("SEC_E_NO_CREDENTIALS", name)
        end
    end)

    it("are of no use to NTLM", function()
        for _, settings in ipairs { { keytab = KEYTAB }, { usage = "initiate", ccache = "FILE:/nowhere" } } do
            local _, _, name = sspi.credential(settings)
            assert.are.equal("SEC_E_UNSUPPORTED_FUNCTION", name)
        end
    end)
end)

describe("a wrong setting", function()
    for text, settings in pairs {
        ["keytab must be a string, not number"] = { keytab = 5 },
        ["principal must be a string, not boolean"] = { principal = true },
        ["ccache must be a string, not table"] = { usage = "initiate", ccache = {} },
        ["services must be a string or a list of them, not number"] = { services = 5 },
        ["services is empty: nobody could log in"] = { services = {} },
        ["a name in services must be a string, not number"] = { services = { 5 } },
        ["ccache is for a client: usage = 'accept' takes accounts or a keytab instead"] = { ccache = "x" },
        ["password is for a client: usage = 'accept' takes accounts or a keytab instead"] = { password = "x" },
        ["services is for a server: usage = 'initiate' takes the target of a context instead"] =
            { usage = "initiate", services = "x" },
        ["principal is given as well as a username: one is enough"] =
            { usage = "initiate", principal = "x", username = "y" },
        ["nt_hash is given without a username"] = { usage = "initiate", principal = "x", nt_hash = ("x"):rep(16) },
        ["password is given without a username"] = { usage = "initiate", password = "x" },
    } do
        it("is named: " .. text, function()
            settings.package = "Kerberos"
            local done, message = pcall(sspi.credential, settings)
            assert.is_false(done)
            assert.truthy(message:find("kerberos_spec.lua", 1, true) or message:find("^sspi: "), message)
            assert.truthy(message:find(text, 1, true), message)
        end)
    end
end)

describe("check", function()
    it("says what would refuse every login", function()
        assert.is_true(assert(sspi.credential { package = "Kerberos", keytab = KEYTAB }):check())
        for _, case in ipairs {
            { { package = "Kerberos", keytab = KEYTAB, services = "ldap" }, KEYTAB },
            { { package = "Kerberos", keytab = KEYTAB, options = { replay_cache = REALM } }, REALM },
            { { package = "Negotiate", keytab = KEYTAB, options = { replay_cache = REALM } }, REALM },
            { { package = "NTLM" }, "account_store" },
            { { package = "Negotiate" }, "account_store" },
        } do
            local fine, why = assert(sspi.credential(case[1])):check()
            assert.is_nil(fine)
            assert.truthy(why:find(case[2], 1, true), why)
        end
    end)
end)
