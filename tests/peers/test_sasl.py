"""SASL against Cyrus and GNU SASL: ldapsearch and gsasl log in to our examples, our client to Cyrus' server."""

from __future__ import annotations

import base64
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sspi
from conftest import ALICE, ROOT, Server, needs

CLIENT = "alice@EXAMPLE.TEST"
MECHANISMS = {"GSSAPI": "Kerberos", "GSS-SPNEGO": "Negotiate"}
SAMPLE_SERVER = "/usr/sbin/sasl-sample-server"
# What Cyrus' clients may be told of a layer (its strength factor), and what then is agreed on.
LAYERS = {"maxssf=0": ("0", "none"), "maxssf=1": ("1", "integrity"), "minssf=56": ("256", "confidentiality")}


@pytest.fixture
def directory(kdc: Path, accounts: Path, tmp_path: Path) -> Iterator[Callable[..., Server]]:
    """Starts ldap_directory.py with the keys of ldap/localhost."""
    pytest.importorskip("ldap3", reason="apt-get install python3-ldap3")
    started: list[Server] = []

    def start(*options: object) -> Server:
        program = ROOT / "examples" / "python" / "ldap_directory.py"
        keys = ["--keytab", kdc / "sasl.keytab", "--port", 0]
        server = Server([sys.executable, program, *keys, *options], tmp_path / f"ldap{len(started)}.log")
        started.append(server)
        return server

    yield start
    for server in started:
        server.stop()
        assert "Traceback" not in server.said(), server.said()


def ldap(server: Server, program: str, mechanism: str, *arguments: str, **environment: str) -> tuple[int, str, str]:
    """One of OpenLDAP's programs: its status, what it found, and what it said of the login."""
    result = subprocess.run(
        [needs(program, "ldap-utils"), "-N", "-H", f"ldap://localhost:{server.port}", "-Y", mechanism, *arguments],
        capture_output=True, text=True, timeout=30, env=os.environ | environment,
    )  # fmt: skip
    if "No worthy mechs" in result.stderr:
        pytest.skip("no GSSAPI for Cyrus SASL: apt-get install libsasl2-modules-gssapi-mit")
    return result.returncode, result.stdout, result.stderr


@pytest.mark.parametrize("mechanism", MECHANISMS)
@pytest.mark.parametrize("strength", LAYERS)
def test_ldap(directory: Callable[..., Server], mechanism: str, strength: str) -> None:
    factor, layer = LAYERS[strength]
    if mechanism == "GSS-SPNEGO" and strength == "maxssf=1":
        factor, layer = LAYERS["minssf=56"]  # MIT's SPNEGO asks for secrecy, whatever Cyrus asks of it
    server = directory()
    status, found, said = ldap(server, "ldapwhoami", mechanism, "-O", strength)
    assert (status, found) == (0, f"u:{CLIENT}\n"), said
    assert f"SASL SSF: {factor}\n" in said
    assert server.wait_for("by").endswith(f"{CLIENT} by {mechanism} (Kerberos), layer {layer}")
    search = ("-LLL", "-b", "dc=example,dc=test", "(cn=alice)", "sn")
    status, found, said = ldap(server, "ldapsearch", mechanism, "-O", strength, *search)
    assert status == 0, said
    assert "dn: cn=alice,dc=example,dc=test" in found
    assert "bob" not in found


@pytest.mark.parametrize("mechanism", MECHANISMS)
def test_ldap_with_small_messages(directory: Callable[..., Server], mechanism: str) -> None:
    """Whatever does not fit into what the client takes comes in several messages."""
    server = directory()
    search = ("-LLL", "-b", "dc=example,dc=test")
    status, found, said = ldap(server, "ldapsearch", mechanism, "-O", "minssf=56,maxbufsize=300", *search)
    if mechanism == "GSSAPI":
        assert status == 0, said
        assert found.count("dn: ") == 3
    else:  # nobody tells the server of the client's size
        assert server.wait_for("layer confidentiality")


def test_ldap_layer_required(directory: Callable[..., Server]) -> None:
    server = directory("--layer", "confidentiality")
    for strength in ("maxssf=0", "maxssf=1"):
        assert ldap(server, "ldapwhoami", "GSSAPI", "-O", strength)[0] != 0
    assert ldap(server, "ldapwhoami", "GSS-SPNEGO", "-O", "maxssf=0")[0] != 0
    server.wait_for("sasl_minimum_layer is confidentiality, and the two sides agreed on less")
    assert ldap(server, "ldapwhoami", "GSSAPI", "-O", "minssf=56")[:2] == (0, f"u:{CLIENT}\n")


def test_ldap_acting_as_another(directory: Callable[..., Server]) -> None:
    server = directory()
    status, found, said = ldap(server, "ldapwhoami", "GSSAPI", "-X", "u:bob@EXAMPLE.TEST")
    assert (status, found) == (49, ""), said
    server.wait_for("alice@EXAMPLE.TEST wants to act as 'u:bob@EXAMPLE.TEST'")
    assert ldap(server, "ldapwhoami", "GSSAPI", "-X", f"u:{CLIENT}")[:2] == (0, f"u:{CLIENT}\n")


@pytest.mark.parametrize("mechanism", MECHANISMS)
def test_ldap_with_another_key(kdc: Path, directory: Callable[..., Server], mechanism: str, tmp_path: Path) -> None:
    """The same service with a key that the KDC does not know."""
    keytab = tmp_path / "wrong.keytab"
    subprocess.run(
        [needs("ktutil", "heimdal-clients"), f"--keytab=FILE:{keytab}", "add", "-p", "ldap/localhost@EXAMPLE.TEST",
         "-e", "aes256-cts-hmac-sha1-96", "-V", "1", "-w", "wrong"],
        check=True, timeout=30,
    )  # fmt: skip
    server = directory("--keytab", keytab)
    status, found, said = ldap(server, "ldapwhoami", mechanism)
    assert status == 49, said
    assert not found
    server.wait_for("client refused")


def test_ldap_without_login(directory: Callable[..., Server]) -> None:
    server = directory()
    address = ["-x", "-H", f"ldap://localhost:{server.port}"]
    found = subprocess.run(
        [needs("ldapsearch", "ldap-utils"), *address, "-LLL", "-b", "", "-s", "base", "supportedSASLMechanisms"],
        capture_output=True, text=True, timeout=30,
    )  # fmt: skip
    assert "supportedSASLMechanisms: GSSAPI" in found.stdout
    assert "supportedSASLMechanisms: GSS-SPNEGO" in found.stdout
    refused = subprocess.run(["ldapsearch", *address, "-b", "dc=example,dc=test"], capture_output=True, timeout=30)
    assert refused.returncode == 50


def bind_request(number: int, token: bytes) -> bytes:
    """A message of a client's login by GSSAPI."""
    from ldap3.protocol import rfc4511
    from pyasn1.codec.ber import encoder

    way = rfc4511.SaslCredentials()
    way["mechanism"], way["credentials"] = "GSSAPI", token
    body, message = rfc4511.BindRequest(), rfc4511.LDAPMessage()
    body["version"], body["name"] = 3, ""
    body["authentication"] = rfc4511.AuthenticationChoice().setComponentByName("sasl", way)
    message["messageID"] = number
    message["protocolOp"] = rfc4511.ProtocolOp().setComponentByName("bindRequest", body)
    return encoder.encode(message)


def challenge_of(answer: bytes) -> tuple[int, bytes]:
    from ldap3.protocol import rfc4511
    from pyasn1.codec.ber import decoder

    body = decoder.decode(answer, asn1Spec=rfc4511.LDAPMessage())[0]["protocolOp"].getComponent()
    token = body["serverSaslCreds"]
    return int(body["resultCode"]), bytes(token) if token.hasValue() else b""


@pytest.mark.parametrize("injected", [b"", bytes.fromhex("3005020109420000")])
def test_ldap_words_before_the_layer(directory: Callable[..., Server], injected: bytes) -> None:
    """What somebody puts between the end of the login and the layer closes the connection."""
    server = directory()
    client = sspi.SaslClient(sspi.Credential("Kerberos", usage="initiate"), "GSSAPI", target="ldap/localhost")
    code, challenge, number = 14, b"", 0
    with socket.create_connection(("127.0.0.1", server.port), 10) as connection:
        while code == 14:
            number += 1
            request = bind_request(number, client.step(challenge).token)
            connection.sendall(request + (injected if client.complete else b""))
            answer = connection.recv(65536)
            if injected and client.complete:
                assert answer == b""
                return
            code, challenge = challenge_of(answer)
        assert code == 0
    assert client.layer == "confidentiality"


def test_ldap_garbage(directory: Callable[..., Server]) -> None:
    """Whatever is no LDAP ends its connection, and nothing else."""
    server = directory()
    long = (b"\x30\xff" + b"\xff" * 200, b"\x30\x84\x7f\xff\xff\xff", b"\xa0" * 70000)
    for words in (*long, b"\x30\x80" * 3000, b"GET / HTTP/1.1\r\n\r\n", b"\x30\x03\x02\x01\x01"):
        with socket.create_connection(("127.0.0.1", server.port), 10) as connection:
            try:
                connection.sendall(words)
                connection.shutdown(socket.SHUT_WR)
                while connection.recv(4096):
                    pass
            except ConnectionError:
                pass
    assert ldap(server, "ldapwhoami", "GSSAPI")[0] == 0


@pytest.fixture
def ntlm_only(directory: Callable[..., Server], accounts: Path, tmp_path: Path) -> tuple[Server, Path, dict[str, str]]:
    """A client without a ticket, and the file of its password."""
    if not Path("/usr/lib/x86_64-linux-gnu/gssntlmssp").exists():
        pytest.skip("no gss-ntlmssp: apt-get install gss-ntlmssp")
    passwords = tmp_path / "passwords"
    client = {"KRB5CCNAME": f"FILE:{tmp_path}/nothing", "NTLM_USER_FILE": str(passwords)}
    return directory("--accounts", accounts), passwords, client


def test_ldap_by_ntlm(ntlm_only: tuple[Server, Path, dict[str, str]]) -> None:
    """gss-ntlmssp seals what should only be signed, so this asks for secrecy."""
    server, passwords, client = ntlm_only
    passwords.write_text(f"{ALICE.domain}:{ALICE.name}:{ALICE.password}\n")
    status, found, said = ldap(server, "ldapwhoami", "GSS-SPNEGO", "-O", "minssf=56", **client)
    assert (status, found) == (0, f"u:{ALICE.full_name}\n"), said
    server.wait_for(r"by GSS-SPNEGO \(NTLM\), layer confidentiality")


def test_ldap_by_ntlm_with_a_wrong_password(ntlm_only: tuple[Server, Path, dict[str, str]]) -> None:
    server, passwords, client = ntlm_only
    passwords.write_text(f"{ALICE.domain}:{ALICE.name}:not her password\n")
    assert ldap(server, "ldapwhoami", "GSS-SPNEGO", **client)[0] == 49
    server.wait_for("wrong password")


# ---- IMAP ----


@pytest.fixture
def mail(kdc: Path, tmp_path: Path) -> Iterator[Server]:
    """imap_login.lua with the keys of imap/localhost."""
    program = ROOT / "examples" / "lua" / "imap_login.lua"
    path = os.environ.get("LUA_PATH_5_4", ";;")
    modules = {"LUA_PATH_5_4": f"{program.parent}/?.lua;{path}"}
    server = Server([needs("lua5.4", "lua5.4"), program, kdc / "sasl.keytab", 0], tmp_path / "imap.log", modules)
    yield server
    server.stop()


def gsasl(server: Server, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [needs("gsasl", "gsasl"), "--imap", "--mechanism", "GSSAPI", "--hostname", "localhost", "-a", "alice",
         *arguments, "localhost", str(server.port)],
        input='. LIST "" "*"\r\n', capture_output=True, text=True, timeout=30,
    )  # fmt: skip


def test_imap_by_gsasl(mail: Server) -> None:
    result = gsasl(mail, "-z", "")
    assert '* LIST () "/" INBOX' in result.stdout, result.stdout + result.stderr
    mail.wait_for(f"{CLIENT} by GSSAPI \\(Kerberos\\), layer none")


def test_imap_by_gsasl_as_another(mail: Server) -> None:
    result = gsasl(mail, "-z", "bob")
    assert "NO login failed" in result.stdout, result.stdout + result.stderr
    assert "INBOX" not in result.stdout
    mail.wait_for("asks to act as 'bob', which is not its own name")


def talk(server: Server) -> tuple[socket.socket, object]:
    connection = socket.create_connection(("127.0.0.1", server.port), 10)
    return connection, connection.makefile("rb")


@pytest.mark.parametrize("mechanism", MECHANISMS)
@pytest.mark.parametrize("layer", ["none", "integrity", "confidentiality"])
def test_imap_by_our_client(mail: Server, mechanism: str, layer: str) -> None:
    """GNU SASL knows no layers; ours does, and its messages come in two halves."""
    if (mechanism, layer) == ("GSS-SPNEGO", "none"):
        pytest.skip("our Negotiate always signs")
    flags = sspi.InitFlag.MUTUAL_AUTH | sspi.InitFlag.SEQUENCE_DETECT
    flags |= {"none": 0, "integrity": sspi.InitFlag.INTEGRITY}.get(
        layer, sspi.InitFlag.INTEGRITY | sspi.InitFlag.CONFIDENTIALITY
    )
    credential = sspi.Credential(MECHANISMS[mechanism], usage="initiate")
    client = sspi.SaslClient(credential, mechanism, target="imap/localhost", flags=flags)
    connection, lines = talk(mail)
    assert lines.readline() == b"* OK ready\r\n"
    connection.sendall(f"a AUTHENTICATE {mechanism}\r\n".encode())
    while (line := lines.readline()).startswith(b"+ "):
        token, _ = client.step(base64.b64decode(line[2:]))
        connection.sendall(base64.b64encode(token) + b"\r\n")
    assert line == b"a OK\r\n"
    assert (client.complete, client.layer) == (True, layer)
    message = client.wrap(b'b LIST "" "*"\r\n')
    connection.sendall(message[:7])
    connection.sendall(message[7:])
    answer = b""
    while b"OK" not in answer:
        answer += client.unwrap(connection.recv(10))
    assert answer == b'* LIST () "/" INBOX\r\nb OK\r\n'
    connection.close()


def test_imap_words_before_the_layer(mail: Server) -> None:
    """What somebody puts between the end of the login and the layer closes the connection."""
    client = sspi.SaslClient(sspi.Credential("Kerberos", usage="initiate"), "GSSAPI", target="imap/localhost")
    connection, lines = talk(mail)
    lines.readline()
    connection.sendall(b"a AUTHENTICATE GSSAPI\r\n")
    while not client.complete:
        line = lines.readline()
        answer = base64.b64encode(client.step(base64.b64decode(line[2:])).token) + b"\r\n"
        connection.sendall(answer + (b"b LIST\r\n" if client.complete else b""))
    assert lines.read() == b""
    connection.close()


# ---- Our client at Cyrus' server ----


class SampleServer:
    """Cyrus' sasl-sample-server, which speaks base64 on its standard output and input."""

    def __init__(self, mechanism: str, bits: str, environment: dict[str, str]) -> None:
        self.process = subprocess.Popen(
            ["stdbuf", "-oL", SAMPLE_SERVER, "-s", "sample", "-m", mechanism, "-b", bits],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=os.environ | environment,
        )  # fmt: skip
        self.said: list[bytes] = []

    def receive(self) -> bytes | None:
        """The next message; None: the login has ended."""
        for line in self.process.stdout:
            self.said.append(line)
            if line.startswith(b"S: "):
                return base64.b64decode(line[3:])
            if line.startswith(b"Negotiation complete"):
                return None
        raise AssertionError(self.said)

    def send(self, data: bytes) -> None:
        self.process.stdin.write(b"C: " + base64.b64encode(data) + b"\n")
        self.process.stdin.flush()


@pytest.fixture
def sample_keys(kdc: Path) -> tuple[str, dict[str, str]]:
    """A key for the name that Cyrus' server believes to have."""
    if os.environ.get("SSPI_TEST_KDC", "heimdal") != "heimdal":
        pytest.skip("needs Heimdal's kadmin")
    host = socket.gethostname()
    keytab = kdc / "sample.keytab"
    principal = f"sample/{host}@EXAMPLE.TEST"
    for words in (
        ["add", "--random-key", "--use-defaults", principal],
        ["ext_keytab", "-k", f"FILE:{keytab}", principal],
    ):
        program = ["kadmin.heimdal", "-l", "-c", kdc / "kdc.conf", "-r", "EXAMPLE.TEST"]
        subprocess.run([*program, *words], check=not keytab.exists(), capture_output=True, timeout=30)
    return host, {"KRB5_KTNAME": str(keytab), "KRB5_CONFIG": str(kdc / "krb5-mit.conf")}


@pytest.mark.parametrize("mechanism", MECHANISMS)
@pytest.mark.parametrize(
    ("bits", "layer"),
    [("min=0,max=0", "none"), ("min=1,max=1", "integrity"), ("min=56,max=256", "confidentiality")],
)
def test_our_client_at_cyrus(sample_keys: tuple[str, dict[str, str]], mechanism: str, bits: str, layer: str) -> None:
    if not Path(SAMPLE_SERVER).exists():
        pytest.skip("no sasl-sample-server: apt-get install sasl2-bin")
    host, environment = sample_keys
    server = SampleServer(mechanism, bits, environment)
    credential = sspi.Credential(MECHANISMS[mechanism], usage="initiate")
    client = sspi.SaslClient(credential, mechanism, target=f"sample/{host}")
    assert server.receive() == mechanism.encode()
    server.send(mechanism.encode() + b"\0" + client.step().token)
    while (challenge := server.receive()) is not None:
        server.send(client.step(challenge).token)
    if mechanism == "GSS-SPNEGO":
        layer = "confidentiality"  # by the context's flags, which are those of the client
    assert (client.complete, client.layer) == (True, layer)
    text = server.receive()
    assert client.unwrap(text) == b"srv message 1\0"
    server.send(client.wrap(b"from our client"))
    server.process.stdin.close()
    said = b"".join(server.process.stdout.readlines())
    assert b"from our client" in said, said
    server.process.wait(10)
