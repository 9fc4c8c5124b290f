#!/usr/bin/env python3
"""What Python costs over C: the same accept and call as ntlm_sspi, through the generated module and through the layer.

Usage: layer_python.py FOLDER, with the account file that ntlm_sspi left there. Prints `case <tab> ns <tab> 0`.
"""

import os
import pathlib
import statistics
import sys
import time

import sspi
from sspi import _sspi

SECONDS = float(os.environ.get("BENCH_SECS", "0.3"))
CALLS = 1000
CLIENT_FLAGS = (
    _sspi.ISC_REQ_INTEGRITY
    | _sspi.ISC_REQ_CONFIDENTIALITY
    | _sspi.ISC_REQ_SEQUENCE_DETECT
    | _sspi.ISC_REQ_REPLAY_DETECT
    | _sspi.ISC_REQ_ALLOCATE_MEMORY
)
SERVER_FLAGS = (
    _sspi.ASC_REQ_INTEGRITY
    | _sspi.ASC_REQ_CONFIDENTIALITY
    | _sspi.ASC_REQ_SEQUENCE_DETECT
    | _sspi.ASC_REQ_REPLAY_DETECT
    | _sspi.ASC_REQ_ALLOCATE_MEMORY
)
now = time.perf_counter_ns


def clock_cost():
    """What one reading of the clock costs."""
    start = now()
    for _ in range(CALLS):
        now()
    return (now() - start) / CALLS


def samples(measure):
    """The median of `measure`, repeated for SECONDS."""
    end = now() + int(SECONDS * 1e9)
    taken = []
    while now() < end:
        taken.append(measure())
    return statistics.median(taken)


def show(case, nanoseconds):
    """Prints one line of the result."""
    print(f"{case}\t{nanoseconds:.1f}\t0")


def generated_accept(client, server):
    """One handshake through the generated functions; the acceptor's nanoseconds."""

    def initiate(context, token):
        return _sspi.InitializeSecurityContext(client, context, "HTTP/server", CLIENT_FLAGS, native, token)

    accept, native = _sspi.AcceptSecurityContext, _sspi.SECURITY_NATIVE_DREP

    def handshake():
        _, initiator, token, _, _ = initiate(None, None)
        start = now()
        _, context, token, _, _ = accept(server, None, token, SERVER_FLAGS, native)
        spent = now() - start
        _, initiator, token, _, _ = initiate(initiator, token)
        start = now()
        status, context, token, _, _ = accept(server, context, token, SERVER_FLAGS, native)
        context.close()
        spent += now() - start
        initiator.close()
        if status != 0:
            raise RuntimeError(f"not established: {status:#x}")
        return spent

    return handshake


def layer_accept(client, server):
    """The same through sspi.ServerContext."""

    def handshake():
        initiator = sspi.ClientContext(client, target="HTTP/server")
        token = initiator.step().token
        start = now()
        context = sspi.ServerContext(server)
        token = context.step(token).token
        spent = now() - start
        token = initiator.step(token).token
        start = now()
        context.step(token)
        complete = context.complete
        context.close()
        spent += now() - start
        initiator.close()
        if not complete:
            raise RuntimeError("not established")
        return spent

    return handshake


def reason_call(client, server):
    """The cheapest call that takes a handle."""
    context = sspi.ServerContext(server)
    context.step(sspi.ClientContext(client, target="HTTP/server").step().token)
    handle, call = context._handle, _sspi.SspiQueryContextReason

    def calls():
        start = now()
        for _ in range(CALLS):
            call(handle)
        return (now() - start) / CALLS

    return calls


def empty_loop():
    """What the loop around a call costs."""
    start = now()
    for _ in range(CALLS):
        pass
    return (now() - start) / CALLS


def main():
    """Measures and prints."""
    accounts = pathlib.Path(sys.argv[1]) / "accounts.smbpasswd"
    client = sspi.Credential(usage="initiate", username="testuser", domain="TESTDOM", password="Password01")
    server = sspi.Credential(accounts=f"smbpasswd:{accounts}")
    clock = 2 * clock_cost()
    show("accept, generated module", samples(generated_accept(client._handle, server._handle)) - clock)
    show("accept, layer", samples(layer_accept(client, server)) - clock)
    show("call", samples(reason_call(client, server)) - samples(empty_loop))
    return 0


if __name__ == "__main__":
    sys.exit(main())
