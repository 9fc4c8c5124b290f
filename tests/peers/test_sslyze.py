"""What SSLyze, an examiner of TLS servers, finds in ours, and in openssl s_server with the same certificate."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from certificates import Authority, authority
from conftest import Server, needs, running_gateway
from test_tls import running
from test_tls_conversations import CIPHERS, GROUPS, OpenSsl

__all__ = ["authority"]

NIGHTLY = pytest.mark.skipif("SSPI_NIGHTLY" not in os.environ, reason="the others are for nights: with SSPI_NIGHTLY=1")
OLD = ("ssl_2_0", "ssl_3_0", "tls_1_0", "tls_1_1")
SUITES = {"AES_128_GCM_SHA256", "AES_256_GCM_SHA384", "CHACHA20_POLY1305_SHA256"}
CURVES = {"X25519", "X448", "secp256r1", "secp384r1", "secp521r1"}
# Of more than one session: what is kept is kept for the next one as well.
COMMANDS = ["--resum", "--resum_attempts=5", "--early_data", "--mozilla_config=intermediate"]
SOUND = {
    "tls_compression": {"supports_compression": False},
    "tls_1_3_early_data": {"supports_early_data": False},
    "openssl_ccs_injection": {"is_vulnerable_to_ccs_injection": False},
    "tls_fallback_scsv": {"supports_fallback_scsv": True},
    "heartbleed": {"is_vulnerable_to_heartbleed": False},
    "robot": {"robot_result": "NOT_VULNERABLE_RSA_NOT_SUPPORTED"},
    "session_renegotiation": {
        "supports_secure_renegotiation": True,
        "is_vulnerable_to_client_renegotiation_dos": False,
        "client_renegotiations_success_count": 0,
    },
    "tls_extended_master_secret": {"supports_ems_extension": True},
}


@contextlib.contextmanager
def gateway(kind: str, folder: Path, certificate: Path, accounts: Path, **options: object) -> Iterator[Server]:
    environment = folder / "sspi.conf"
    environment.write_text("[sspi]\n" + "".join(f"{name} = {value}\n" for name, value in options.items()))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SSPI_CONFIG", str(environment))
        with running_gateway(kind, folder, "--accounts", accounts, "--certificate", certificate) as server:
            yield server


@contextlib.contextmanager
def openssl(folder: Path, certificate: Path) -> Iterator[Server]:
    command = [
        needs("openssl", "openssl"), "s_server", "-accept", "127.0.0.1:0", "-www", "-cert", certificate,
        "-cipher", CIPHERS, "-groups", GROUPS, "-serverpref", "-no_renegotiation", "-min_protocol", "TLSv1.2",
    ]  # fmt: skip
    server = OpenSsl(command, folder / "openssl.log")
    try:
        yield server
    finally:
        server.stop()


class Findings:
    """What was found of one server: by the name of the examination."""

    def __init__(self, server: Server, folder: Path, trust: Path, *more: str) -> None:
        report = folder / "report.json"
        where = f"localhost:{server.port}{{127.0.0.1}}"
        words = [*COMMANDS, *more, f"--certinfo_ca_file={trust}", f"--json_out={report}", where]
        result = subprocess.run(
            [sys.executable, "-W", "ignore", "-m", "sslyze", *words],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120,
        )  # fmt: skip
        self.code, self.said = result.returncode, result.stdout + result.stderr
        found = json.loads(report.read_text())["server_scan_results"][0]
        assert found["scan_status"] == "COMPLETED", self.said
        self.rows: dict[str, Any] = {}
        for name, row in found["scan_result"].items():
            assert row["status"] in ("COMPLETED", "NOT_SCHEDULED"), (name, row)
            self.rows[name] = row["result"]

    def suites(self, version: str) -> set[str]:
        return {row["cipher_suite"]["name"] for row in self.rows[f"{version}_cipher_suites"]["accepted_cipher_suites"]}

    def curves(self) -> set[str]:
        return {curve["name"] for curve in self.rows["elliptic_curves"]["supported_curves"]}

    def chain(self) -> dict[str, object]:
        """Of the certificate by name; trusted: by the authority of the tests."""
        (deployed,) = self.rows["certificate_info"]["certificate_deployments"]
        results = {row["trust_store"]["name"]: row for row in deployed["path_validation_results"]}
        return {
            "order": deployed["received_chain_has_valid_order"],
            "trusted": results["Supplied CA file"]["was_validation_successful"],
            "sent": len(deployed["received_certificate_chain"]),
        }


def check(found: Findings, kinds: set[str], *, by_id: str = "FULLY_SUPPORTED") -> None:
    """The suites are those of authentication by `kinds`, and nothing is as it should not be."""
    for version in OLD:
        assert not found.suites(version)
    assert found.suites("tls_1_3") == {f"TLS_{suite}" for suite in SUITES}
    assert found.suites("tls_1_2") == {f"TLS_{kind}_WITH_{suite}" for kind in kinds for suite in SUITES}
    assert {name: found.rows[name] for name in SOUND} == SOUND
    resumed = found.rows["session_resumption"]
    assert resumed["session_id_resumption_result"] == by_id, resumed
    assert resumed["tls_ticket_resumption_result"] == "FULLY_SUPPORTED", resumed
    assert found.chain() == {"order": True, "trusted": True, "sent": 1}


def test_python_server(authority: Authority, tmp_path: Path) -> None:
    with running(tmp_path, authority.issue("localhost")) as server:
        found = Findings(server, tmp_path, authority.trust)
    check(found, {"ECDHE_ECDSA"})
    assert found.curves() == CURVES


def test_lua_gateway(authority: Authority, accounts: Path, tmp_path: Path) -> None:
    """With the groups that Mozilla's "intermediate" configuration names and no more, it is one."""
    certificate = authority.issue("localhost")
    with gateway("lua", tmp_path, certificate, accounts, tls_groups="X25519:P-256:P-384") as server:
        found = Findings(server, tmp_path, authority.trust, "--http_headers")
    check(found, {"ECDHE_ECDSA"})
    assert found.curves() == CURVES - {"X448", "secp521r1"}
    assert found.rows["http_headers"]["http_error_trace"] is None
    assert "Compliant" in found.said, found.said
    assert found.code == 0


def test_openssls_server(authority: Authority, tmp_path: Path) -> None:
    """It forgets the session of a client that goes without a goodbye, as this one does; ours does not."""
    with openssl(tmp_path, authority.issue("localhost")) as server:
        found = Findings(server, tmp_path, authority.trust)
    check(found, {"ECDHE_ECDSA"}, by_id="NOT_SUPPORTED")
    assert found.curves() == CURVES


@NIGHTLY
def test_rsa(authority: Authority, accounts: Path, tmp_path: Path) -> None:
    """Groups without a curve too, and no key exchange by RSA that ROBOT could look for."""
    certificate = authority.issue("localhost", key="rsa")
    with gateway("python", tmp_path, certificate, accounts) as server:
        found = Findings(server, tmp_path, authority.trust, "--http_headers", "--resum_attempts=100")
    check(found, {"ECDHE_RSA", "DHE_RSA"})
    assert found.curves() == CURVES


@NIGHTLY
def test_old_versions_where_they_are_allowed(authority: Authority, tmp_path: Path) -> None:
    options = {"allow_insecure_tls1": "yes", "tls_minimum_version": "1.0"}
    with running(tmp_path, authority.issue("localhost", key="rsa"), **options) as server:
        found = Findings(server, tmp_path, authority.trust, "--resum_attempts=100")
    for version in ("ssl_2_0", "ssl_3_0"):
        assert not found.suites(version)
    for version in ("tls_1_0", "tls_1_1"):
        assert {suite.partition("_WITH_")[2] for suite in found.suites(version)} == {
            "AES_128_CBC_SHA",
            "AES_256_CBC_SHA",
        }
    wanted = SOUND | {"robot": {"robot_result": "NOT_VULNERABLE_NO_ORACLE"}}
    assert {name: found.rows[name] for name in SOUND} == wanted
