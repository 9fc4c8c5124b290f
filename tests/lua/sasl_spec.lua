-- SASL through the layer: both mechanisms with tickets of a realm without a KDC, which run.sh makes.
local sspi = require "sspi"

local REALM = assert(os.getenv "SSPI_TEST_REALM", "SSPI_TEST_REALM is not set: run tests/lua/run.sh")
local KEYTAB, SERVICE, CLIENT = REALM .. "/http.keytab", "HTTP/server.example.test", "alice@EXAMPLE.TEST"
local PACKAGES = { GSSAPI = "Kerberos", ["GSS-SPNEGO"] = "Negotiate" }
local SIGNED = { "integrity", "replay_detect", "sequence_detect", "mutual_auth" }

local function server_of(mechanism, options, settings)
    local credential = assert(sspi.credential { package = PACKAGES[mechanism], keytab = KEYTAB, options = settings })
    return assert(credential:sasl_server(mechanism, options))
end

local function client_of(mechanism, options, settings)
    local credential = assert(sspi.credential {
        package = PACKAGES[mechanism], usage = "initiate", ccache = "FILE:" .. REALM .. "/cache", options = settings,
    })
    options = options or {}
    options.target = SERVICE
    return assert(credential:sasl_client(mechanism, options))
end

-- As a protocol does that asks for the initial response: true, or what the side that refused said.
local function log_in(server, client)
    local challenge = server:step()
    while not server:is_complete() do
        local response, sense, name = client:step(challenge)
        if not response then return nil, sense, name end
        challenge, sense, name = server:step(response)
        if not challenge then return nil, sense, name end
    end
    if not client:is_complete() then assert(client:step(challenge)) end
    return true
end

-- Runs what must raise an error that holds `words`, at the line of this file.
local function misused(run, words)
    local fine, text = pcall(run)
    assert.is_false(fine)
    assert.is_true(text:find(words, 1, true) ~= nil, ("%q is not in %q"):format(words, text))
    assert.is_true(text:find "sasl_spec.lua:%d+: sspi: " ~= nil, text)
end

describe("SASL", function()
    for mechanism in pairs(PACKAGES) do
        for layer, flags in pairs { confidentiality = false, integrity = SIGNED } do
            it(("agrees on %s by %s"):format(layer, mechanism), function()
                local server, client = server_of(mechanism), client_of(mechanism, { flags = flags or nil })
                assert.is_nil(server:layer())
                assert(log_in(server, client))
                assert.are.equal(layer, server:layer())
                assert.are.equal(layer, client:layer())
                assert.are.equal(CLIENT, server:client_name())
                assert.are.equal(mechanism, server:mechanism())
                assert.are.equal("Kerberos", server:package())
                assert.are.equal(layer == "confidentiality", server:flags().confidentiality == true)
                for _, text in ipairs { "", "a", ("0123456789"):rep(20000) } do
                    assert.are.equal(text, client:unwrap(assert(server:wrap(text))))
                    local message = assert(client:wrap(text))
                    local halves = assert(server:unwrap(message:sub(1, 5))) .. assert(server:unwrap(message:sub(6)))
                    assert.are.equal(text, halves)
                end
            end)
        end
    end

    it("goes without a layer", function()
        local server, client = server_of("GSSAPI", { flags = {} }), client_of "GSSAPI"
        assert(log_in(server, client))
        assert.are.equal("none", server:layer())
        assert.are.equal("plain", server:wrap "plain")
        assert.are.equal("plain", client:unwrap "plain")
    end)

    it("refuses a layer that is too weak", function()
        for mechanism in pairs(PACKAGES) do
            local server = server_of(mechanism, nil, { sasl_minimum_layer = "confidentiality" })
            local done, _, name = log_in(server, client_of(mechanism, { flags = SIGNED }))
            assert.is_nil(done)
            assert.are.equal("SEC_E_QOP_NOT_SUPPORTED", name)
            assert.truthy(server:explain():find("sasl_minimum_layer is confidentiality", 1, true))
        end
    end)

    it("lets a client act as itself alone", function()
        local server = server_of "GSSAPI"
        assert(log_in(server, client_of("GSSAPI", { authorization_id = "alice" })))
        assert.are.equal("alice", server:authorization_id())
        server = server_of "GSSAPI"
        local done, _, name = log_in(server, client_of("GSSAPI", { authorization_id = "bob" }))
        assert.is_nil(done)
        assert.are.equal("SEC_E_LOGON_DENIED", name)
        server = server_of("GSSAPI", nil, { sasl_authorization = "program" })
        assert(log_in(server, client_of("GSSAPI", { authorization_id = "bob" })))
        assert.are.equal("bob", server:authorization_id())
        assert.are.equal(CLIENT, server:client_name())
    end)

    it("tells of a client that cannot say whom to act as", function()
        local token, _, name = client_of("GSS-SPNEGO", { authorization_id = "bob" }):step()
        assert.is_nil(token)
        assert.are.equal("SEC_E_UNSUPPORTED_FUNCTION", name)
    end)

    it("refuses messages that were altered or are too long", function()
        local server, client = server_of "GSSAPI", client_of "GSSAPI"
        assert(log_in(server, client))
        local message = assert(client:wrap "a message")
        local plain, _, name = server:unwrap(message:sub(1, -2) .. string.char(message:byte(-1) ~ 1))
        assert.is_nil(plain)
        assert.are.equal("SEC_E_MESSAGE_ALTERED", name)
        plain, _, name = client:unwrap "\1\0\0\0"
        assert.is_nil(plain)
        assert.are.equal("SEC_E_INVALID_TOKEN", name)
    end)

    it("knows its mechanisms", function()
        local credential = assert(sspi.credential { package = "Kerberos", keytab = KEYTAB })
        local none, _, name = credential:sasl_server "PLAIN"
        assert.is_nil(none)
        assert.are.equal("SEC_E_SECPKG_NOT_FOUND", name)
        assert.are.equal("GSSAPI", assert(credential:sasl_server "gssapi"):mechanism())
    end)

    it("finds misuse at the script's line", function()
        local credential = assert(sspi.credential { package = "Kerberos", keytab = KEYTAB })
        misused(function() credential:sasl_server "GSS-SPNEGO" end, "needs a credential for Negotiate")
        misused(function() credential:sasl_server(1) end, "mechanism must be a string")
        misused(function() credential:sasl_server("GSSAPI", 1) end, "options must be a table")
        misused(function() credential:sasl_server("GSSAPI", { authorization_id = "x" }) end, "does not know")
        local server = assert(credential:sasl_server "GSSAPI")
        misused(function() server:wrap "" end, "not begun")
        misused(function() server:wrap(1) end, "data must be a string")
        server:close()
        misused(function() server:step "" end, "closed")
    end)
end)
