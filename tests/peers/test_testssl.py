"""What testssl.sh, an examiner of TLS servers, finds in ours: each day the versions, each night all that it knows."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest
from certificates import Authority, authority
from conftest import needs
from test_tls import running

__all__ = ["authority"]

# About the authority of the tests and its short certificates, names that have no DNS, pages that are none, and the
# examiner's own openssl.
NOT_OURS = {
    "cert_chain_of_trust", "cert_expirationStatus", "cert_notAfter", "cert_revocation", "DNS_CAArecord", "HSTS",
    "security_headers", "engine_problem",
}  # fmt: skip
ATTACKS = {
    "heartbleed", "CCS", "ticketbleed", "ROBOT", "secure_renego", "secure_client_renego", "CRIME_TLS", "POODLE_SSL",
    "fallback_SCSV", "SWEET32", "FREAK", "DROWN", "LOGJAM", "BEAST", "LUCKY13", "RC4",
}  # fmt: skip


def examined(authority: Authority, folder: Path, *arguments: str) -> dict[str, tuple[str, str]]:
    """What was found: by its name, how bad it is and in words."""
    program, report = needs("testssl", "testssl.sh"), folder / "report.json"
    needs("hexdump", "bsdextrautils")
    with running(folder, authority.issue("localhost")) as server:
        command = [program, "--quiet", "--color", "0", "--warnings", "off", "--jsonfile", report, *arguments]
        subprocess.run(
            [*command, "--ip", "127.0.0.1", f"localhost:{server.port}"],
            stdin=subprocess.DEVNULL, capture_output=True, timeout=590,
        )  # fmt: skip
    return {row["id"]: (row["severity"], row["finding"]) for row in json.loads(report.read_text())}


@pytest.mark.timeout(120)
def test_versions(authority: Authority, tmp_path: Path) -> None:
    found = examined(authority, tmp_path, "-p")
    for version in ("SSLv2", "SSLv3", "TLS1", "TLS1_1"):
        assert found[version][1] == "not offered"
    for version in ("TLS1_2", "TLS1_3"):
        assert found[version][0] == "OK"
        assert found[version][1].startswith("offered")


@pytest.mark.timeout(600)
@pytest.mark.skipif("SSPI_NIGHTLY" not in os.environ, reason="takes two minutes: with SSPI_NIGHTLY=1")
def test_everything(authority: Authority, tmp_path: Path) -> None:
    found = examined(authority, tmp_path)
    assert not ATTACKS - found.keys()
    bad = {name: said for name, said in found.items() if said[0] not in ("OK", "INFO") and name not in NOT_OURS}
    assert not bad
