-- Whole logins through the layer: who is let in, who is not, and what each side learns.
local sspi = require "sspi"
local support = require "support"

local BINDINGS = "tls-server-end-point:" .. ("b"):rep(32)
local NT_HASH = ("8846f7eaee8fb117ad06bdd830b7586c"):gsub("..", function(h) return string.char(tonumber(h, 16)) end)

describe("a login", function()
    it("lets the right password in", function()
        local events = {}
        local server, client = support.pair { settings = { on_event = function(e) events[#events + 1] = e end } }
        assert.is_true(server:is_complete())
        assert.is_true(client:is_complete())
        assert.are.equal("EXAMPLE\\alice", server:client_name())
        assert.are.equal("NTLM", server:package())
        assert.are.equal(16, #server:session_key())
        assert.are.equal(server:session_key(), client:session_key())
        assert.are.equal("HTTP/www.example.com", server:target_name())
        assert.are.equal(16, server:sizes().security_trailer)
        assert.are.equal(128, server:key_info().key_size)
        assert.are.equal("RC4", server:key_info().encrypt_algorithm)
        assert.is_true(server:flags().confidentiality)
        assert.is_nil(server:flags().delegate)
        assert.is_nil(server:expiry())
        assert.are.equal(0, server:reason())
        assert.truthy(server:explain():find("NTLM", 1, true))
        assert.are.equal(1, #events)
        local event = events[1]
        assert.are.equal("SEC_E_OK", event.status)
        assert.are.equal("EXAMPLE\\alice", event.client_name)
        assert.is_true(math.abs(event.time - os.time()) < 5)
        for _, value in pairs(event) do
            assert.falsy(tostring(value):find(support.password, 1, true))
        end
    end)

    it("takes DOMAIN\\user, and leaves user@domain whole", function()
        for username, expected in pairs { ["EXAMPLE\\alice"] = "EXAMPLE\\alice", ["a@example.com"] = "\\a@example.com" } do
            for _, domain in ipairs { false, "" } do
                local asked
                local server = assert(sspi.credential {
                    accounts = function(user, of) asked = asked or of .. "\\" .. user return support.password end,
                }):accept()
                local client = assert(sspi.credential {
                    usage = "initiate", username = username, domain = domain or nil, password = support.password,
                }):initiate()
                assert(support.shake(server, client))
                assert.are.equal(expected, asked)
            end
        end
    end)

    it("is shown without its secrets", function()
        local server = support.pair()
        assert.are.equal("sspi.context (server, NTLM, complete, EXAMPLE\\alice)", tostring(server))
        assert.are.equal("sspi.credential (NTLM, accept, open)", tostring(server.credential))
        assert.are.equal("sspi.context (client, NTLM, in progress)", tostring(support.initiator():initiate()))
        assert.are.equal("sspi.account_store (memory:, open)", tostring(support.store()))
    end)

    it("gives a token and a status a step", function()
        local client = support.initiator():initiate()
        local server = support.acceptor():accept()
        local token, status = client:step()
        assert.are.equal("NTLMSSP\0", token:sub(1, 8))
        assert.are.equal("SEC_I_CONTINUE_NEEDED", status)
        token, status = server:step(token)
        assert.are.equal("SEC_I_CONTINUE_NEEDED", status)
        assert.is_false(server:is_complete())
        local name, sense, code = server:client_name()
        assert.is_nil(name)
        assert.is_string(sense)
        assert.are.equal("SEC_E_INVALID_HANDLE", code)
        token = client:step(token)
        token, status = server:step(token)
        assert.are.equal("", token)
        assert.are.equal("SEC_E_OK", status)
    end)

    for name, case in pairs { ["a wrong password"] = { "wrong", "alice", 1 }, ["an unknown user"] = { nil, "nobody", 2 } } do
        it("refuses " .. name, function()
            local events = {}
            local server = support.acceptor { on_event = function(e) events[#events + 1] = e end }:accept()
            local token, sense, code, for_peer = support.shake(server, support.initiator(case[1], case[2]):initiate())
            assert.is_nil(token)
            assert.are.equal("SEC_E_LOGON_DENIED", code)
            assert.are.equal("Credential check failed.", sense)
            assert.is_nil(for_peer)
            assert.is_false(server:is_complete())
            assert.are.equal(case[3], server:reason())
            assert.are.equal(case[3], events[1].reason)
            assert.are.equal(events[1].explanation, server:explain())
            assert.is_nil(server:step "again")
            assert.is_false(server:is_complete())
        end)
    end

    it("binds to its channel", function()
        local server = support.pair { channel_bindings = BINDINGS }
        assert.are.equal(sspi.core.SEC_CHANNEL_BINDINGS_RESULT_VALID_MATCHED
            + sspi.core.SEC_CHANNEL_BINDINGS_RESULT_CLIENT_SUPPORT, server:bindings_result())
        server = support.acceptor():accept { channel_bindings = BINDINGS }
        local client = support.initiator():initiate { channel_bindings = BINDINGS .. "x" }
        local _, _, code = support.shake(server, client)
        assert.are.equal("SEC_E_BAD_BINDINGS", code)
    end)

    it("takes NT hashes", function()
        local store = assert(sspi.account_store "memory:")
        assert(store:add_nt_hash("bob", NT_HASH))
        local server = assert(sspi.credential { accounts = store }):accept()
        local client = assert(sspi.credential { usage = "initiate", username = "bob", nt_hash = NT_HASH }):initiate()
        assert(support.shake(server, client))
        server = assert(sspi.credential { accounts = store }):accept()
        assert(support.shake(server, support.initiator("password", "bob"):initiate()))
    end)

    it("refuses bad tokens", function()
        for _, bad in ipairs { "x", "NTLMSSP\0", "NTLMSSP\0\1\0\0\0", ("\255"):rep(70000) } do
            local server = support.acceptor():accept()
            local _, _, code = server:step(bad)
            assert.are.equal("SEC_E_INVALID_TOKEN", code)
            local said = server:explain()
            assert.is_true(#said > 0)
            assert(support.shake(server, support.initiator():initiate())) -- no context was made of the bad one
            assert.is_true(server:is_complete())
            assert.are_not.equal(said, server:explain())
        end
    end)
end)

describe("messages", function()
    it("are encrypted and decrypted both ways", function()
        local server, client = support.pair()
        for _, size in ipairs { 0, 1, 64, 1025, 70000 } do
            local data = ("d"):rep(size)
            for _, ends in ipairs { { server, client }, { client, server } } do
                local wrapped = assert(ends[1]:wrap(data))
                assert.are.equal(size + 16, #wrapped)
                assert.are.equal(data, ends[2]:unwrap(wrapped))
                assert.are.equal(data, ends[2]:decrypt(ends[1]:encrypt(data)))
                assert.is_true(ends[2]:verify(data, ends[1]:sign(data)))
            end
        end
    end)

    it("that were altered are refused", function()
        local server, client = support.pair()
        local wrapped = client:wrap "a message"
        local data, sense, code = server:unwrap(wrapped:sub(1, -2) .. "?")
        assert.is_nil(data)
        assert.is_string(sense)
        assert.are.equal("SEC_E_MESSAGE_ALTERED", code)
        server, client = support.pair()
        code = select(3, server:verify("b", client:sign "a"))
        assert.are.equal("SEC_E_MESSAGE_ALTERED", code)
        assert.is_nil(server:unwrap "short")
    end)

    it("may hold parts that are signed only", function()
        local core, server, client = sspi.core, support.pair()
        local signed = core.SECBUFFER_DATA + core.SECBUFFER_READONLY_WITH_CHECKSUM
        local function message(token, head, body)
            return { { core.SECBUFFER_TOKEN, token }, { signed, head }, { core.SECBUFFER_DATA, body } }
        end
        local sealed = assert(core.EncryptMessage(client.handle, 0, message(16, "head", "body"), 0))
        assert.are.equal("head", sealed[2][2])
        assert.are_not.equal("body", sealed[3][2])
        local status, opened = core.DecryptMessage(server.handle, sealed, 0)
        assert.are.equal(0, status)
        assert.are.equal("body", opened[3][2])
    end)
end)

describe("a store", function()
    it("is made, listed, changed", function()
        local folder = io.popen("mktemp -d"):read "l"
        local path = folder .. "/accounts.db"
        local store = assert(sspi.create_account_store("sqlite:" .. path))
        assert.is_true(store:add("zoe", "z", "D"))
        assert.is_true(store:add("adam", "a"))
        assert.is_true(store:set_disabled("zoe", true, "D"))
        local list = assert(store:list())
        assert.are.same({ user = "adam", domain = "", disabled = false, locked = false }, list[1])
        assert.are.same({ user = "zoe", domain = "D", disabled = true, locked = false }, list[2])
        assert.is_true(store:remove "adam")
        local _, _, code = store:remove "adam"
        assert.are.equal("SEC_E_LOGON_DENIED", code)
        local other = assert(sspi.account_store "memory:")
        assert.are.equal(1, other:import_from(path))
        store:close()
        store:close()
        assert.truthy(tostring(store):find "closed")
        assert.has_error(function() store:list() end, "SspiAccountStoreList: argument 'store' is closed")
        os.execute("rm -r " .. folder)
    end)

    it("that is missing is no credential", function()
        local credential, sense, code = sspi.credential { accounts = "/nonexistent/accounts.db" }
        assert.is_nil(credential)
        assert.is_string(sense)
        assert.are.equal("SEC_E_NO_CREDENTIALS", code)
    end)
end)

describe("misuse", function()
    it("is an error that says what is wrong", function()
        local credential = support.acceptor()
        for text, action in pairs {
            ["usage must be"] = function() sspi.credential { usage = "nonsense" } end,
            ["does not know 'user'"] = function() sspi.credential { user = "x" } end,
            ["takes a table"] = function() sspi.credential "NTLM" end,
            ["accounts must be"] = function() sspi.credential { accounts = 5 } end,
            ["on_event must be"] = function() sspi.credential { on_event = 5 } end,
            ["sspi: package must be a string, not number"] = function() sspi.credential { package = 5 } end,
            ["sspi: password must be a string"] = function() sspi.credential { password = {} } end,
            ["sspi: nt_hash must be a string"] = function() sspi.credential { nt_hash = 5 } end,
            ["usage must be a string"] = function() sspi.credential { usage = 5 } end,
            ["options must be a table of"] = function() sspi.credential { options = "x" } end,
            ["a name in options"] = function() sspi.credential { options = { "x" } } end,
            ["options.max_contexts must be"] = function() sspi.credential { options = { max_contexts = 1.5 } } end,
            ["location must be a string, not nil"] = function() sspi.account_store() end,
            ["location must be a string, not number"] = function() sspi.create_account_store(5) end,
            ["accept does not know 'flagz'"] = function() credential:accept { flagz = 1 } end,
            ["accept does not know 'target'"] = function() credential:accept { target = "HTTP/x" } end,
            ["initiate does not know 'targt'"] = function() credential:initiate { targt = "HTTP/x" } end,
            ["initiate does not know '1'"] = function() credential:initiate { "HTTP/x" } end,
            ["token must be a string, not number"] = function() credential:accept():step(5) end,
            ["unknown flag 'nonsense'"] = function() credential:accept { flags = { "nonsense" } } end,
            ["flags must be"] = function() credential:accept { flags = "integrity" } end,
            ["channel_bindings must be"] = function() credential:accept { channel_bindings = 1 } end,
            ["target must be"] = function() credential:initiate { target = 1 } end,
            ["options must be"] = function() credential:accept(5) end,
            ["has not begun"] = function() credential:accept():wrap "x" end,
            ["data must be a string"] = function() credential:accept():wrap() end,
        } do
            local done, message = pcall(action)
            assert.is_false(done)
            assert.truthy(tostring(message):find("login_spec.lua:", 1, true), message) -- the script's line
            assert.truthy(tostring(message):find(text, 1, true), text .. " / " .. tostring(message))
        end
    end)

    it("of one side's settings on the other is an error", function()
        for text, settings in pairs {
            ["accounts is for a server"] = { usage = "initiate", accounts = "memory:" },
            ["password is for a client"] = { usage = "accept", password = "x" },
            ["nt_hash is for a client"] = { nt_hash = NT_HASH },
            ["username is for a client"] = { usage = "accept", username = "x", password = "y" },
            ["domain is for a client"] = { domain = "x" },
            ["password is given without a username"] = { usage = "initiate", password = "x" },
            ["nt_hash is given without a username"] = { usage = "both", nt_hash = NT_HASH },
            ["username names a domain (DOMAIN\\user), and"] = { usage = "initiate", username = "A\\b", domain = "A" },
            ["username must be user"] = { usage = "initiate", username = "A\\B\\c" },
            ["username must be user,"] = { usage = "initiate", username = "A\\" },
        } do
            local done, message = pcall(function() sspi.credential(settings) end)
            assert.is_false(done)
            assert.truthy(tostring(message):find("login_spec.lua:%d+: sspi: "), message) -- the script's line
            assert.truthy(tostring(message):find(text, 1, true), text .. " / " .. tostring(message))
        end
    end)

    it("of a closed object is an error", function()
        local credential = support.acceptor()
        local server = credential:accept()
        server:close()
        assert.has_error(function() server:step "x" end, "sspi: the context is closed")
        credential:close()
        assert.has_error(function() credential:accept() end, "sspi: the credential is closed")
        assert.has_error(function() credential:initiate() end, "sspi: the credential is closed")
        server = support.pair()
        assert.is_true(server:is_complete())
        server:close()
        assert.is_false(server:is_complete())
    end)

    it("of an unknown package or option is a failure", function()
        local _, _, code = sspi.credential { package = "Nonsense" }
        assert.are.equal("SEC_E_SECPKG_NOT_FOUND", code)
        _, _, code = sspi.credential { options = { no_such_option = true } }
        assert.are.equal("SEC_E_INVALID_PARAMETER", code)
    end)
end)

describe("the library", function()
    it("is declared for editors as it is", function()
        local path = assert(package.searchpath("sspi", package.path)):gsub("sspi%.lua$", "sspi.d.lua")
        local text = io.open(path):read "a"
        local server = support.pair()
        local sasl = assert(support.acceptor { package = "Negotiate" }:sasl_server "GSS-SPNEGO")
        local connection = require "sspi.tls".server(assert(sspi.credential { package = "Schannel" }))
        local objects = {
            context = server, credential = server.credential, store = support.store(), sasl = sasl, tls = connection,
            sspi = sspi,
        }
        local declared = {}
        for object, name in text:gmatch "function (%w+)[:.]([%w_]+)%(" do
            assert.is_function(objects[object][name], object .. "." .. name)
            declared[object .. "." .. name] = true
        end
        for object, value in pairs(objects) do
            local methods = object == "sspi" and value or getmetatable(value).__index
            for name, method in pairs(methods) do
                if type(method) == "function" and not name:find "^__" then
                    local inherited = object == "sasl" and declared["context." .. name]
                    assert.is_true(declared[object .. "." .. name] or inherited, object .. "." .. name)
                end
            end
        end
    end)

    it("lists its packages and options", function()
        local found = {}
        for _, package in ipairs(sspi.packages()) do found[package.name] = package end
        assert.is_true(found.NTLM.max_token > 0)
        assert.is_true(#sspi.options() > 10)
        assert.are.equal("SEC_E_OK", sspi.status_name(0))
        assert.are.equal("unknown status", sspi.status_name(0x12345678))
    end)
end)
