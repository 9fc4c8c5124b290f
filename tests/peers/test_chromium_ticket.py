"""Chromium, headless, at both gateways that offer Negotiate: by a ticket, by a password, and by neither."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from conftest import ALICE, Server
from test_chromium import browse, dump
from test_spnego_kerberos import CLIENT, door, no_ticket, services

__all__ = ["door", "no_ticket", "services"]

NAMES = ("--host-resolver-rules=MAP server.example.test 127.0.0.1", "--auth-server-allowlist=*.example.test")
# What the browser remembers of earlier runs: that it met Negotiate once, after which it loads the GSS library, and that
# it asks for a ticket by the name in the address.
REMEMBERED = {
    "auth": {"disable_negotiate_cname_lookup": True},
    "net": {"received_http_auth_negotiate_headers": True},
}

pytestmark = pytest.mark.timeout(300)


@pytest.fixture
def profile(tmp_path: Path) -> Path:
    folder = tmp_path / "profile"
    folder.mkdir()
    (folder / "Local State").write_text(json.dumps(REMEMBERED))
    return folder


def test_browser_with_a_ticket(services: None, door: Server, profile: Path) -> None:
    page = browse(f"http://server.example.test:{door.port}/", profile, *NAMES)
    assert f"<h1>You are {CLIENT}</h1>" in page
    assert "chosen by Negotiate" in door.wait_for("login client=.*to HTTP/server.example.test@")


def test_browser_outside_its_list_sends_no_ticket(services: None, door: Server, profile: Path) -> None:
    page = browse(f"http://server.example.test:{door.port}/", profile, NAMES[0], "--auth-server-allowlist=other")
    assert "You are alice" not in page
    assert "login client=" not in door.said()


def test_browser_with_a_password(services: None, door: Server, no_ticket: Path, profile: Path) -> None:
    page = dump(door.port, ALICE.full_name, ALICE.password, profile)
    assert f"<h1>You are {ALICE.full_name}</h1>" in page
    assert "NTLM" in door.wait_for("login client=")


def test_browser_with_nothing(services: None, door: Server, no_ticket: Path, profile: Path) -> None:
    page = browse(f"http://server.example.test:{door.port}/", profile, *NAMES)
    assert "<h1>You are" not in page
