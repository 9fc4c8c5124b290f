"""curl's Windows client, its sources unchanged, on our Schannel, NTLM and Negotiate: examples of programs that were
written for Windows. Its source package is fetched and built, so it is for nights."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from certificates import Authority, authority
from conftest import ALICE, GATEWAYS, Server, User, running_gateway

__all__ = ["authority"]

pytestmark = pytest.mark.skipif("SSPI_NIGHTLY" not in os.environ, reason="builds curl from source: with SSPI_NIGHTLY=1")

Client = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="session")
def program(tmp_path_factory: pytest.TempPathFactory) -> str:
    script = Path(__file__).parent / "curl_windows" / "build.sh"
    folder = tmp_path_factory.mktemp("curl")
    made = subprocess.run([script, folder, os.environ["SSPI_BUILD"]], capture_output=True, text=True, timeout=900)
    assert made.returncode == 0, made.stderr
    return made.stdout.strip().splitlines()[-1]


@pytest.fixture
def client(program: str, authority: Authority, tmp_path: Path) -> Client:
    config = tmp_path / "sspi.conf"
    config.write_text(f"[sspi]\n    tls_trust = {authority.trust}\n")

    def run(*arguments: str, trusting: bool = True, revocation: bool = False) -> subprocess.CompletedProcess[str]:
        environment = {"PATH": os.environ["PATH"], "SSPI_CONFIG": str(config) if trusting else os.devnull}
        lenient = [] if revocation else ["--ssl-no-revoke"]  # the tests' authority publishes no list
        command = [program, "-sS", *lenient, *arguments]
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)

    return run


@pytest.fixture(params=list(GATEWAYS))
def door(request: pytest.FixtureRequest, accounts: Path, authority: Authority, tmp_path: Path) -> Iterator[Server]:
    certificate = authority.issue("localhost")
    options = ["--accounts", accounts, "--certificate", certificate, "--scheme", "Negotiate,NTLM"]
    with running_gateway(request.param, tmp_path, *options) as server:
        yield server


def log_in(client: Client, door: Server, scheme: str, user: User) -> subprocess.CompletedProcess[str]:
    return client(
        scheme, "-u", f"{user.domain}\\{user.name}:{user.password}", "-H", "Accept: application/json",
        "-w", "\n%{http_code}", f"https://localhost:{door.port}/",
    )  # fmt: skip


def test_it_is_the_windows_client(program: str) -> None:
    told = subprocess.run([program, "--version"], capture_output=True, text=True).stdout
    assert "Schannel" in told
    assert "OpenSSL" not in told


@pytest.mark.parametrize("scheme", ["--ntlm", "--negotiate"])
def test_login_with_channel_bindings(client: Client, door: Server, scheme: str) -> None:
    answer = log_in(client, door, scheme, ALICE)
    assert answer.stdout.endswith("\n200"), answer.stdout + answer.stderr
    assert "alice" in answer.stdout


@pytest.mark.parametrize("scheme", ["--ntlm", "--negotiate"])
def test_wrong_password(client: Client, door: Server, scheme: str) -> None:
    answer = log_in(client, door, scheme, User(ALICE.domain, ALICE.name, "not her password"))
    assert answer.stdout.endswith("\n401"), answer.stdout + answer.stderr


@pytest.mark.parametrize("version", ["1.2", "1.3"])
def test_versions_and_further_requests(client: Client, door: Server, version: str) -> None:
    place = f"https://localhost:{door.port}/"
    login = ("--ntlm", "-u", f"{ALICE.domain}\\{ALICE.name}:{ALICE.password}")
    answer = client(f"--tlsv{version}", "--tls-max", version, *login, "-w", "\n%{http_code}\n", place, place)
    assert answer.stdout.count("\n200\n") == 2, answer.stdout + answer.stderr


def test_untrusted_and_misnamed_servers(client: Client, door: Server) -> None:
    untrusted = client(f"https://localhost:{door.port}/", trusting=False)
    assert untrusted.returncode in (35, 60), untrusted.stderr
    misnamed = client("--resolve", f"other.test:{door.port}:127.0.0.1", f"https://other.test:{door.port}/")
    assert misnamed.returncode in (35, 60), misnamed.stderr


def test_revocation_that_cannot_be_checked(client: Client, door: Server) -> None:
    answer = client(f"https://localhost:{door.port}/", revocation=True)
    assert answer.returncode == 35
    assert "0x80092012" in answer.stderr, answer.stderr
