-- sspi.tls and sspi.tls_cqueues: both ends of ours.
local sspi = require "sspi"
local tls = require "sspi.tls"

local NAME = "server.example.test"
local AUTHORITY = (debug.getinfo(1, "S").source:match("^@(.*)/lua/[^/]*$") or "tests") .. "/support/authority.sh"

local function lines_of(command)
    local pipe = assert(io.popen(command))
    local text = pipe:read("*a")
    local fine = pipe:close()
    assert(fine, command)
    return text
end

describe("TLS", function()
    local folder, server_credential, client_credential

    setup(function()
        folder = lines_of("mktemp -d"):gsub("\n", "")
        lines_of(("'%s' '%s' %s alice"):format(AUTHORITY, folder, NAME))
        server_credential = assert(sspi.credential {
            package = "Schannel", usage = "accept", options = { tls_certificate = folder .. "/" .. NAME .. ".pem" },
        })
        assert(server_credential:check())
        client_credential = assert(sspi.credential {
            package = "Schannel", usage = "initiate", options = { tls_trust = folder .. "/ca.pem" },
        })
    end)

    teardown(function()
        lines_of(("rm -r '%s'"):format(folder))
    end)

    local function pair(options, credential)
        options = options or {}
        local one = tls.server(credential or server_credential, options)
        local other = tls.client(client_credential, { target = NAME, alpn = options.alpn })
        assert(other:start())
        for _ = 1, 4 do
            assert(one:receive(other:to_send()))
            assert(other:receive(one:to_send()))
        end
        assert.is_true(one:is_complete())
        assert.is_true(other:is_complete())
        return one, other
    end

    it("agrees at both ends", function()
        local one, other = pair { alpn = { "http/1.1" } }
        assert.equal("TLSv1.3", one:version())
        assert.equal(one:cipher(), other:cipher())
        assert.equal("http/1.1", one:alpn_protocol())
        assert.equal("http/1.1", other:alpn_protocol())
        assert.equal(one:channel_bindings(), other:channel_bindings())
        assert.equal(one:exporter_bindings(), other:exporter_bindings())
        assert.equal("tls-server-end-point:", one:channel_bindings():sub(1, 21))
        assert.equal("string", type(other:peer_certificate()))
        local none, _, code = one:peer_certificate()
        assert.is_nil(none)
        assert.equal("SEC_E_NO_CREDENTIALS", code)
        assert.truthy(one:explain():find("TLSv1.3", 1, true))
    end)

    it("takes a flight that is larger than the room that a Lua state has for tokens", function()
        local core, path = sspi.core, folder .. "/large.pem"
        lines_of(("cd '%s' && openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=%s "
            .. "-addext nsComment=%s -addext subjectAltName=DNS:%s -keyout large.key -out large.crt 2>large.log "
            .. "&& cat large.key >large.pem && chmod 600 large.pem && cat large.crt >>large.pem"):format(
            folder, NAME, ("x"):rep(20000), NAME))
        local events = 0
        local large = assert(sspi.credential {
            package = "Schannel", options = { tls_certificate = path }, on_event = function() events = events + 1 end,
        })
        local trusting = assert(sspi.credential {
            package = "Schannel", usage = "initiate", options = { tls_trust = folder .. "/large.crt" },
        })
        local other = tls.client(trusting, { target = NAME })
        assert(other:start())
        local status, handle, flight, _, why =
            core.AcceptSecurityContext(large.handle, nil, other:to_send(), core.ASC_REQ_STREAM, 0)
        assert.equal(core.SEC_I_CONTINUE_NEEDED, status, why)
        assert(#flight > 16384, #flight)
        assert(other:receive(flight))
        status, _, flight = core.AcceptSecurityContext(large.handle, handle, other:to_send(), core.ASC_REQ_STREAM, 0)
        assert.equal(core.SEC_E_OK, status)
        assert(other:receive(flight or ""))
        assert.is_true(other:is_complete())
        assert.equal(1, events)
    end)

    it("carries data of any size both ways", function()
        local one, other = pair()
        for _, size in ipairs { 0, 1, 16384, 16385, 100000 } do
            local data = ("abcdefg"):rep(size // 7 + 1):sub(1, size)
            for _, way in ipairs { { one, other }, { other, one } } do
                assert(way[1]:send(data))
                assert.equal(data, way[2]:receive(way[1]:to_send()))
            end
        end
    end)

    it("takes pieces of any size", function()
        local one = tls.server(server_credential)
        local other = tls.client(client_credential, { target = NAME })
        other:start()
        while not (one:is_complete() and other:is_complete()) do
            for _, way in ipairs { { other, one }, { one, other } } do
                for byte in way[1]:to_send():gmatch(".") do assert(way[2]:receive(byte)) end
            end
        end
        other:send(("x"):rep(40000))
        local sent, got = other:to_send(), {}
        for start = 1, #sent, 5000 do got[#got + 1] = assert(one:receive(sent:sub(start, start + 4999))) end
        assert.equal(("x"):rep(40000), table.concat(got))
    end)

    it("resumes sessions", function()
        pair()
        local one, other = pair()
        assert.is_true(one:is_resumed())
        assert.is_true(other:is_resumed())
    end)

    it("asks for the client's certificate in the middle of the conversation", function()
        for _, version in ipairs { "1.2", "1.3" } do
            local options = {
                tls_trust = folder .. "/ca.pem", tls_maximum_version = version, allow_insecure_renegotiation = "yes",
            }
            options.tls_certificate = folder .. "/alice.pem"
            local alice = assert(sspi.credential { package = "Schannel", usage = "initiate", options = options })
            options.tls_certificate = folder .. "/" .. NAME .. ".pem"
            local asking = assert(sspi.credential { package = "Schannel", usage = "accept", options = options })
            local one, other = tls.server(asking), tls.client(alice, { target = NAME })
            assert(other:start())
            for round = 1, 10 do
                assert(one:receive(other:to_send()))
                assert(other:receive(one:to_send()))
                if round == 4 then
                    assert.is_nil((one:peer_certificate()))
                    assert(one:request_certificate())
                end
            end
            assert.equal("string", type(one:peer_certificate()))
            assert(one:send("hello alice"))
            assert.equal("hello alice", other:receive(one:to_send()))
            assert.has_error(function() other:request_certificate() end)
        end
    end)

    it("goes on where the client cannot be asked", function()
        local options = { tls_certificate = folder .. "/" .. NAME .. ".pem", tls_maximum_version = "1.2" }
        local asking = assert(sspi.credential { package = "Schannel", usage = "accept", options = options })
        local one, other = pair(nil, asking)
        for _ = 1, 2 do
            local done, _, name = one:request_certificate()
            assert.is_nil(done)
            assert.equal("SEC_E_UNSUPPORTED_FUNCTION", name)
            assert.equal("", one:to_send())
            assert(one:send("all the same"))
            assert.equal("all the same", other:receive(one:to_send()))
            assert(other:send("as before"))
            assert.equal("as before", one:receive(other:to_send()))
        end
        assert(one:shut_down())
        other:receive(one:to_send())
        assert.is_true(other:is_eof())
    end)

    it("says goodbye", function()
        local one, other = pair()
        one:send("last words")
        assert(one:shut_down())
        assert(one:shut_down())
        assert.equal("last words", other:receive(one:to_send()))
        assert.is_true(other:is_eof())
        assert.is_false(one:is_eof())
        assert.has_error(function() one:send("more") end)
    end)

    it("tells why it ends", function()
        for round = 1, 2 do
            local one, other = pair()
            if round == 2 then one, other = other, one end
            local done, _, name = one:alert(200)
            assert.is_nil(done)
            assert.equal("SEC_E_UNSUPPORTED_FUNCTION", name)
            assert(one:send("still open"))
            assert.equal("still open", other:receive(one:to_send()))
            assert(one:alert(44))
            assert.has_error(function() one:alert(44) end)
            assert.has_error(function() one:send("more") end)
            assert.equal("", one:receive("whatever"))
            local plain
            plain, _, name = other:receive(one:to_send())
            assert.is_nil(plain)
            assert.equal("CRYPT_E_REVOKED", name)
            assert.truthy(other:explain():find("alert 44", 1, true))
        end
        local one = pair()
        for _, wrong in ipairs { -1, 256, "44", 1.5 } do assert.has_error(function() one:alert(wrong) end) end
    end)

    it("keeps nothing after the goodbye", function()
        local one, other = pair()
        assert(other:send("last words"))
        assert(other:shut_down())
        assert.equal("last words", one:receive(other:to_send() .. "\23\3\3\64\0" .. ("x"):rep(10000)))
        assert.is_true(one:is_eof())
        assert.equal("", one:receive(("x"):rep(100000)))
        assert.equal("", one.received)
    end)

    it("refuses an altered record", function()
        local one, other = pair()
        one:send("to be altered")
        local record = one:to_send()
        local last = record:byte(#record)
        local data, _, code = other:receive(record:sub(1, -2) .. string.char((last + 1) % 256))
        assert.is_nil(data)
        assert.equal("SEC_E_MESSAGE_ALTERED", code)
        assert.truthy(other:explain():find("bad record mac", 1, true))
        assert.is_nil((other:receive("x")))
        data, _, code = one:receive(other:to_send())
        assert.is_nil(data)
        assert.equal("SEC_E_MESSAGE_ALTERED", code)
        assert.truthy(one:explain():find("alert 20", 1, true))
    end)

    it("does not wait for a record that is too long", function()
        local one, other = pair()
        assert.is_nil((one:receive("\23\3\3\255\255")))
        local data, _, code = other:receive(one:to_send())
        assert.is_nil(data)
        assert.equal("SEC_E_ILLEGAL_MESSAGE", code)
    end)

    it("tells the peer that a handshake failed", function()
        local doubting = assert(sspi.credential { package = "Schannel", usage = "initiate" })
        local one, other = tls.server(server_credential), tls.client(doubting, { target = NAME })
        other:start()
        one:receive(other:to_send())
        local data, _, code = other:receive(one:to_send())
        assert.is_nil(data)
        assert.equal("SEC_E_UNTRUSTED_ROOT", code)
        data, _, code = one:receive(other:to_send())
        assert.is_nil(data)
        assert.equal("SEC_E_UNTRUSTED_ROOT", code)
        assert.truthy(#one:explain() > 0)
    end)

    it("knows misuse", function()
        assert.has_error(function() tls.server("x") end)
        assert.has_error(function() tls.server(assert(sspi.credential { package = "NTLM" })) end)
        assert.has_error(function() tls.server(server_credential, { target = NAME }) end)
        assert.has_error(function() tls.server(server_credential, { flags = { "no such flag" } }) end)
        assert.has_error(function() tls.server(server_credential, { alpn = { "" } }) end)
        local one = tls.server(server_credential)
        assert.has_error(function() one:send("too early") end)
        assert.has_error(function() one:receive(5) end)
        one:close()
        one:close()
        assert.has_error(function() one:receive("x") end)
    end)

    it("says why a client has no name", function()
        local options = {
            tls_certificate = folder .. "/" .. NAME .. ".pem", tls_trust = folder .. "/ca.pem",
            tls_account_name = "common_name",
        }
        local accept = assert(sspi.credential {
            package = "Schannel", options = options, accounts = function() return nil end,
        })
        local alice = assert(sspi.credential {
            package = "Schannel", usage = "initiate",
            options = { tls_trust = folder .. "/ca.pem", tls_certificate = folder .. "/alice.pem" },
        })
        for _, case in ipairs {
            { accept, client_credential, "the client showed no certificate" },
            { accept, alice, "no account is named as the client's certificate: alice" },
            { assert(sspi.credential { package = "Schannel", options = options }), alice,
                "the client's certificate is not mapped to an account" },
        } do
            local one = tls.server(case[1], { flags = { "mutual_auth" } })
            local other = tls.client(case[2], { target = NAME })
            assert(other:start())
            for _ = 1, 4 do
                assert(one:receive(other:to_send()))
                assert(other:receive(one:to_send()))
            end
            local name, why, code = one:client_name()
            assert.is_nil(name)
            assert.equal(case[3], why)
            assert.equal("SEC_E_NO_CREDENTIALS", code)
        end
    end)

    -- Two ends on a loopback connection, each in a coroutine of its own.
    local function converse(accept, ask, serve, be_client)
        local found, cqueues = pcall(require, "cqueues")
        if not found then
            pending("cqueues is missing for this Lua: apt-get install lua-cqueues")
            return
        end
        local socket, wrapped = require "cqueues.socket", require "sspi.tls_cqueues"
        local listener = assert(socket.listen { host = "127.0.0.1", port = 0 })
        assert(listener:listen())
        local _, _, port = listener:localname()
        local queue = cqueues.new()
        queue:wrap(function()
            serve(assert(wrapped.server(listener:accept(), accept, { timeout = 10 })), cqueues)
        end)
        queue:wrap(function()
            be_client(assert(wrapped.client(socket.connect("127.0.0.1", port), ask, { target = NAME })))
        end)
        assert(queue:loop(30))
        assert.is_true(queue:empty())
        listener:close()
        return true
    end

    it("tells a client of cqueues that only waits", function()
        local _, errno = pcall(require, "cqueues.errno")
        for round = 1, 4 do
            local options = {
                tls_trust = folder .. "/ca.pem", tls_maximum_version = round % 2 == 0 and "1.2" or "1.3",
                allow_insecure_renegotiation = "yes", tls_certificate = folder .. "/alice.pem",
            }
            local alice = assert(sspi.credential { package = "Schannel", usage = "initiate", options = options })
            options.tls_certificate = folder .. "/" .. NAME .. ".pem"
            local asking = assert(sspi.credential { package = "Schannel", usage = "accept", options = options })
            local got = {}
            if not converse(asking, alice, function(con)
                if round > 2 then
                    assert(con.tls:request_certificate())
                else
                    assert(con:request_certificate(10))
                end
                local data, why = con:xread("*l", "b", 0.3)
                assert.is_nil(data)
                assert.equal(errno.ETIMEDOUT, why)
                got.certificate = con.tls:peer_certificate()
                local done, _, name = con:alert(200)
                assert.is_nil(done)
                assert.equal("SEC_E_UNSUPPORTED_FUNCTION", name)
                assert.is_true((assert(con:xwrite("still open\n", "n", 10))))
                assert.equal("heard", con:xread("*l", "b", 10))
                if round > 2 then
                    assert(con.tls:alert(49))
                else
                    assert(con:alert(49))
                end
                assert.same({ nil, errno.EPIPE }, { con:xread("*l", "b", 10) })
                assert.same({ nil, errno.EPIPE }, { con:xwrite("too late", "n", 10) })
                assert.same({ nil, "the connection is closed", "EPIPE" }, { con:alert(49) })
                assert.same({ nil, "the connection is closed", "EPIPE" }, { con:request_certificate() })
                con:close()
            end, function(con)
                got.line = con:xread("*l", "b", 10)
                con:xwrite("heard\n", "n", 10)
                got.rest, got.why = con:xread("*l", "b", 10)
                got.explanation = con.tls:explain()
                con:close()
            end) then return end
            assert.equal("string", type(got.certificate))
            assert.equal("still open", got.line)
            assert.is_nil(got.rest)
            assert.equal(errno.EPROTO, got.why)
            assert.truthy(got.explanation:find("alert 49", 1, true))
        end
    end)

    it("lets a coroutine that reads go when another one gives an alert", function()
        local _, errno = pcall(require, "cqueues.errno")
        local waited
        if not converse(server_credential, client_credential, function(con, cqueues)
            local queue = cqueues.running()
            queue:wrap(function() waited = { con:xread("*l", "b", 10) } end)
            cqueues.sleep(0.1)
            assert(con:alert(49))
            cqueues.sleep(0.1)
            con:close()
            con:close()
        end, function(con)
            con:xread("*l", "b", 10)
            con:close()
        end) then return end
        assert.same({ nil, errno.EPIPE }, waited)
    end)

    it("serves a socket of cqueues", function()
        local found, cqueues = pcall(require, "cqueues")
        if not found then
            pending("cqueues is missing for this Lua: apt-get install lua-cqueues")
            return
        end
        local socket = require "cqueues.socket"
        local wrapped = require "sspi.tls_cqueues"
        local listener = assert(socket.listen { host = "127.0.0.1", port = 0 })
        assert(listener:listen())
        local _, _, port = listener:localname()
        local queue, got = cqueues.new(), {}
        queue:wrap(function()
            local con = assert(wrapped.server(listener:accept(), server_credential, { timeout = 10 }))
            con:setmaxline(100)
            got.line = con:xread("*L", "b", 10)
            got.exact = con:xread(50000, "b", 10)
            con:xwrite("thanks\n", "n", 10)
            got.rest = con:xread("*a", "b", 10)
            con:close()
        end)
        queue:wrap(function()
            local con = assert(wrapped.client(socket.connect("127.0.0.1", port), client_credential, { target = NAME }))
            con:xwrite("hello\n" .. ("z"):rep(50000), "n", 10)
            got.answer = con:xread("*l", "b", 10)
            con:xwrite("and goodbye", "n", 10)
            con:close()
        end)
        assert(queue:loop(30))
        assert.same({ line = "hello\n", exact = ("z"):rep(50000), answer = "thanks", rest = "and goodbye" }, got)
    end)
end)
