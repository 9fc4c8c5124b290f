"""What the Python tests share: one account, a client's credential, a whole handshake."""

from __future__ import annotations

from typing import Any

import sspi

USER, DOMAIN, PASSWORD = "alice", "EXAMPLE", "Correct horse 7"


def client_credential(
    password: str | bytes | None = PASSWORD, username: str | None = USER, **extra: Any
) -> sspi.Credential:
    return sspi.Credential("NTLM", usage="initiate", username=username, domain=DOMAIN, password=password, **extra)


def shake(server: sspi.ServerContext, client: sspi.ClientContext) -> None:
    """Runs a handshake to its end; raises what either side raises."""
    token = client.step().token
    while True:
        step = server.step(token)
        if server.complete and not step.token:
            break
        token = client.step(step.token).token
        if client.complete and server.complete:
            break
    assert client.complete
