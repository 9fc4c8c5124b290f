"""Life in a process: fork, other security libraries beside us, interpreters in one another, loading again and again.

Each test that could take the process down runs a program of its own.
"""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from ctypes.util import find_library

import pytest

HANDSHAKE = """
import sspi, sys

def login(accounts="memory:", password="secret", **extra):
    if accounts == "memory:":
        accounts = sspi.AccountStore("memory:")
        accounts.add("alice", "secret")
    server = sspi.ServerContext(sspi.Credential(accounts=accounts, **extra))
    client = sspi.ClientContext(sspi.Credential(usage="initiate", username="alice", password=password))
    server.step(client.step(server.step(client.step().token).token).token)
    assert server.complete and server.client_name.endswith("alice")
    assert client.unwrap(server.wrap(b"hello")) == b"hello"
    return server, client
"""


def run(program: str, *, executable: str = sys.executable, seconds: int = 60, **environment: str) -> str:
    """Runs a program after the text above; its output."""
    text = HANDSHAKE + textwrap.dedent(program)
    done = subprocess.run(
        [executable, "-X", "faulthandler", "-c", text],
        capture_output=True, text=True, timeout=seconds, env={**os.environ, **environment},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""
    return done.stdout


def test_exit_in_mid_handshake():
    """Objects alive at the end of the interpreter, some in cycles, with callbacks: nothing is said."""
    run("""
        events = []
        kept = login(on_event=events.append, accounts=lambda *_: "secret")
        server = sspi.ServerContext(sspi.Credential(accounts=lambda *_: "secret", on_event=print))
        client = sspi.ClientContext(sspi.Credential(usage="initiate", username="alice", password="secret"))
        token = server.step(client.step().token).token
        cycle = [server, client]; cycle.append(cycle)
        view = memoryview(sspi._sspi.SspiMakeChannelBindings(b"x"))
    """)


def test_exit_while_a_thread_is_in_a_step():
    run("""
        import threading, time
        inside = threading.Event()
        def lookup(user, domain):
            inside.set()
            time.sleep(60)
        server = sspi.ServerContext(sspi.Credential(accounts=lookup))
        client = sspi.ClientContext(sspi.Credential(usage="initiate", username="alice", password="secret"))
        token = client.step(server.step(client.step().token).token).token
        threading.Thread(target=server.step, args=(token,), daemon=True).start()
        inside.wait(10)
    """)


def test_fork_after_acquiring(tmp_path):
    """Credentials made before a fork work in the children, and what children draw differs."""
    out = run(
        """
        import os
        location = sys.argv[1] if len(sys.argv) > 1 else os.environ["STORE"]
        with sspi.AccountStore.create(location) as store:
            store.add("alice", "secret")
        acceptor = sspi.Credential(accounts=location)
        initiator = sspi.Credential(usage="initiate", username="alice", password="secret")
        waiting = sspi.ServerContext(acceptor)
        other = sspi.ClientContext(initiator)
        token = other.step(waiting.step(other.step().token).token).token
        reads = []
        for child in range(4):
            read, write = os.pipe()
            if os.fork() == 0:
                server, client = sspi.ServerContext(acceptor), sspi.ClientContext(initiator)
                challenge = server.step(client.step().token).token
                server.step(client.step(challenge).token)
                waiting.step(token)
                assert server.complete and waiting.complete
                os.write(write, challenge[24:32])
                os._exit(0)
            reads.append(read)
        challenges = [os.read(read, 8) for read in reads]
        for _ in reads:
            assert os.wait()[1] == 0
        assert len(set(challenges)) == 4 and b"" not in challenges
        login()
        print("fine")
        """,
        STORE=str(tmp_path / "accounts.db"),
    )
    assert out == "fine\n"


def test_other_libraries_in_one_process():
    """MIT's GSS-API (through python3-gssapi), libwinpr and this library, in every order of loading."""
    winpr = find_library("winpr2") or find_library("winpr3")
    others = {
        "ours": "login()",
        "mit": "import gssapi; assert list(gssapi.raw.indicate_mechs())",
        "winpr": f"import ctypes; winpr = ctypes.CDLL({winpr!r});"
        "winpr.InitSecurityInterfaceExA.restype = ctypes.c_void_p; assert winpr.InitSecurityInterfaceExA(0)",
    }
    executable = "/usr/bin/python3" if os.path.exists("/usr/bin/python3") else sys.executable
    probe = "import gssapi"
    if not winpr or subprocess.run([executable, "-c", probe], capture_output=True).returncode:
        pytest.skip("python3-gssapi or libwinpr is not installed")
    orders = [("ours", "mit", "winpr"), ("winpr", "mit", "ours"), ("mit", "ours", "winpr")]
    for order in orders:
        run("\n".join([others[name] for name in order] + [others[name] for name in order]), executable=executable)


def test_import_again_and_again():
    """The module is removed and imported 100 times while threads log in through earlier copies."""
    run(
        """
        import gc, importlib, threading
        stop = threading.Event()
        failures = []

        def work():
            try:
                while not stop.is_set():
                    login(accounts=lambda *_: "secret")
            except BaseException as error:
                failures.append(error)

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        saved = {name: module for name, module in sys.modules.items() if name.split(".")[0] == "sspi"}
        for _ in range(100):
            for name in saved:
                sys.modules.pop(name, None)
            again = importlib.import_module("sspi")
            assert again is not saved["sspi"]
            with again.AccountStore("memory:") as store:
                store.add("bob", "b")
                assert [a.user for a in store] == ["bob"]
            assert isinstance(again.Credential(accounts=lambda *_: None), again.Credential)
            del again
            gc.collect()
        sys.modules.update(saved)
        stop.set()
        for thread in threads:
            thread.join()
        assert not failures, failures
        """,
        seconds=120,
    )


def test_interpreters_inside_one_another():
    """Callbacks arrive in the interpreter that made them."""
    run(
        """
        try:
            import _xxsubinterpreters as interpreters
        except ImportError:
            import _interpreters as interpreters
        import os, textwrap
        program = textwrap.dedent('''
            import sys
            sys.path[:] = %r
            marker = "inside"
            exec(%r)
            def lookup(user, domain):
                assert marker == "inside"
                return "secret"
            events = []
            for _ in range(10):
                login(accounts=lookup, on_event=events.append)
            assert len(events) == 10
        ''' %% (sys.path, handshake))
        for _ in range(10):
            made = interpreters.create()
            failure = interpreters.run_string(made, program)
            assert failure is None, failure
            interpreters.destroy(made)
            login()
        """.replace("%%", "%")
        .replace("handshake))", "HANDSHAKE))")
        .replace("        try:", f"        HANDSHAKE = {HANDSHAKE!r}\n        try:", 1)
    )


@pytest.mark.parametrize("executable", ["/usr/bin/python3", "python3.12", "python3.13"])
def test_one_module_for_every_version(executable):
    """The limited API: the same file works in other versions, if they are here."""
    try:
        found = subprocess.run([executable, "--version"], capture_output=True).returncode == 0
    except OSError:
        found = False
    if not found:
        pytest.skip(f"{executable} is not installed")
    run("login(); login(accounts=lambda *_: 'secret')", executable=executable)
