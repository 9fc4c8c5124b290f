"""Accounts, gateways and foreign programs for the peer tests. Needs a build: SSPI_BUILD, or build/release."""

from __future__ import annotations

import contextlib
import os
import re
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("SSPI_BUILD", ROOT / "build" / "release"))
# These need a domain around them: domain/samba.sh runs them in one.
collect_ignore = [] if "SAMBA_DOMAIN" in os.environ else ["domain"]


@dataclass(frozen=True)
class User:
    domain: str
    name: str
    password: str

    @property
    def full_name(self) -> str:
        return f"{self.domain}\\{self.name}"


ALICE = User("EXAMPLE", "alice", "Correct-Horse-1")
BOB = User("EXAMPLE", "bob", "Battery Staple 2")
BAERBEL = User("EXAMPLE", "bärbel", "pässwörd€")
USERS = (ALICE, BOB, BAERBEL)


def needs(program: str, package: str) -> str:
    """The path of a program, or the test skips and says which package is missing."""
    path = shutil.which(program)
    if path is None:
        pytest.skip(f"{program} is missing: apt-get install {package}")
    return path


def accounts_tool() -> str:
    found = [path for path in BUILD.rglob("sspi-accounts") if path.is_file() and os.access(path, os.X_OK)]
    assert found, f"no sspi-accounts below {BUILD}: build the preset release"
    return str(found[0])


@pytest.fixture(scope="session")
def accounts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with the three users, made by the command-line tool, passwords through standard input."""
    path = tmp_path_factory.mktemp("accounts") / "accounts.db"
    for user in USERS:
        subprocess.run(
            [accounts_tool(), "--store", path, "--password-stdin", "add", user.full_name],
            input=user.password + "\n",
            text=True,
            check=True,
            capture_output=True,
            timeout=30,
        )
    assert path.stat().st_mode & 0o777 == 0o600
    return path


@pytest.fixture(scope="session")
def password_file(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The accounts as gss-ntlmssp and pyspnego read them."""
    path = tmp_path_factory.mktemp("users") / "users"
    path.write_text("".join(f"{user.domain}:{user.name}:{user.password}\n" for user in USERS), encoding="utf-8")
    path.chmod(0o600)
    before = os.environ.get("NTLM_USER_FILE")
    os.environ["NTLM_USER_FILE"] = str(path)
    yield path
    del os.environ["NTLM_USER_FILE"]
    if before is not None:
        os.environ["NTLM_USER_FILE"] = before


@pytest.fixture(scope="session")
def kdc(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of a private realm; the process's environment is set for clients of it.

    One for all tests: libkrb5 reads its configuration once in a thread. SSPI_TEST_KDC says whose: heimdal or mit.
    """
    scripts = {"heimdal": "kdc.sh", "mit": "kdc_mit.sh"}
    script = ROOT / "tests" / "peers" / scripts[os.environ.get("SSPI_TEST_KDC", "heimdal")]
    for program in ("kadmin.heimdal", "kinit"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is missing: apt-get install heimdal-kdc heimdal-clients")
    folder = tmp_path_factory.mktemp("kdc")
    result = subprocess.run([script, "start", folder], capture_output=True, text=True, timeout=60)
    if "run tests/support/setup.sh" in result.stderr:
        pytest.skip(result.stderr.strip())
    assert result.returncode == 0, result.stderr
    saved = dict(os.environ)
    os.environ |= {
        "KRB5_CONFIG": str(folder / "krb5.conf"),
        "KRB5CCNAME": f"FILE:{folder}/cache",
        "KRB5_KTNAME": str(folder / "http.keytab"),
        "SSPI_REPLAY_CACHE": str(folder / "replay"),
    }
    (folder / "password").write_text(ALICE.password)
    subprocess.run(["kinit", f"--password-file={folder}/password", "alice@EXAMPLE.TEST"], check=True, timeout=30)
    yield folder
    os.environ.clear()
    os.environ |= saved
    subprocess.run([script, "stop", folder], check=False, timeout=30)


@pytest.fixture(scope="session")
def compile_c(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    folder = tmp_path_factory.mktemp("programs")

    def compiled(name: str, *arguments: object, compiler: str = "cc") -> Path:
        result = subprocess.run(
            [compiler, "-std=gnu11", "-O1", "-Wall", "-Wextra", "-o", folder / name, *arguments],
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert (result.returncode, result.stderr) == (0, "")
        return folder / name

    return compiled


def raise_file_limit() -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


class Server:
    """A server program of ours on a free loopback port, with what it said."""

    def __init__(self, command: list[object], log: Path, environment: dict[str, str] | None = None) -> None:
        self.log = log
        with log.open("wb") as output:
            self.process = subprocess.Popen(
                [str(part) for part in command],
                stdout=output,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                env=os.environ | (environment or {}),
                preexec_fn=raise_file_limit,
            )
        self.port = self._wait_for_port()
        self.url = f"http://127.0.0.1:{self.port}/"

    def _wait_for_port(self) -> int:
        for _ in range(200):
            if match := re.search(r"listening on (?:https?://)?[\d.]+:(\d+)", self.said()):
                return int(match[1])
            if self.process.poll() is not None:
                break
            time.sleep(0.05)
        self.stop()
        raise AssertionError(f"the server did not start: {self.said()}")

    def said(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")

    def wait_for(self, pattern: str, start: int = 0) -> str:
        """A line of the log from character `start` on that matches, within five seconds."""
        for _ in range(100):
            for line in self.said()[start:].splitlines():
                if re.search(pattern, line):
                    return line
            time.sleep(0.05)
        raise AssertionError(f"no line like {pattern!r} in: {self.said()[start:]}")

    def status(self, name: str) -> int:
        """A figure of /proc/PID/status."""
        match = re.search(rf"^{name}:\s+(\d+)", Path(f"/proc/{self.process.pid}/status").read_text(), re.M)
        assert match
        return int(match[1])

    def descriptors(self) -> int:
        return len(list(Path(f"/proc/{self.process.pid}/fd").iterdir()))

    def stop(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


GATEWAYS = {
    "python": [sys.executable, ROOT / "examples" / "python" / "gateway.py"],
    "lua": ["lua5.4", ROOT / "examples" / "lua" / "gateway.lua"],
}


@contextlib.contextmanager
def running_gateway(kind: str, folder: Path, *options: object) -> Iterator[Server]:
    server = Server([*GATEWAYS[kind], "--port", 0, "--domain", "EXAMPLE", *options], folder / f"{kind}.log")
    try:
        yield server
        assert server.process.poll() is None, f"the gateway died: {server.said()}"
    finally:
        server.stop()
    assert not re.search(r"Traceback|error:", server.said()), server.said()


@pytest.fixture(scope="session", params=list(GATEWAYS))
def gateway(
    request: pytest.FixtureRequest, accounts: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    with running_gateway(request.param, tmp_path_factory.mktemp("gateway"), "--accounts", accounts) as server:
        yield server


@pytest.fixture(params=list(GATEWAYS))
def hasty_gateway(request: pytest.FixtureRequest, accounts: Path, tmp_path: Path) -> Iterator[Server]:
    """One whose time limits are short."""
    limits = ["--leg-timeout", 0.5, "--login-timeout", 2, "--body-timeout", 0.5, "--idle-timeout", 3]
    with running_gateway(request.param, tmp_path, "--accounts", accounts, *limits) as server:
        yield server
