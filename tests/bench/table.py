#!/usr/bin/env python3
"""Turns the measurements of run.sh into the table: `table.py FOLDER [--json FILE]`.

FOLDER/round-*/PROGRAM and FOLDER/instructions/PROGRAM hold lines `case <tab> total <tab> acceptor`. A row compares
ours with a reference of the same run. Its ratio is one of cost (time, instructions, bytes): below 1 we are cheaper.
"""

import argparse
import dataclasses
import json
import pathlib
import statistics
import sys

TOTAL, ACCEPTOR = 0, 1

# How a measured figure is shown.
UNITS = {
    "us": lambda nanoseconds, size: nanoseconds / 1000,
    "ns": lambda nanoseconds, size: nanoseconds,
    "1/s": lambda nanoseconds, size: 1e9 / nanoseconds,
    "MB/s": lambda nanoseconds, size: size / nanoseconds * 1000,
    "instructions": lambda count, size: count,
    "bytes": lambda count, size: count,
    "handshakes/s": lambda rate, size: rate,
    "handshakes/CPU s": lambda rate, size: rate,
}


@dataclasses.dataclass(frozen=True)
class Row:
    """One line: `ours` and `reference` name a program, a case and a column."""

    name: str
    unit: str
    ours: tuple
    reference: tuple | None = None
    reference_name: str = ""
    at_most: float | None = None  # of the ratio
    at_most_absolute: float | None = None  # of ours, in the unit
    size: int = 0
    less: tuple | None = None  # what is taken off ours, round by round: the same work without a script
    less_factor: float = 1


SSPI, WINPR, GSS, LIMIT = "ntlm_sspi", "ntlm_winpr", "ntlm_gss", "limits"
GIVEN, FILE, DATABASE = "accept, hash given", "accept, hash file", "accept, SQLite"


def handshake_rows():
    """Logins, with each account store."""
    ours, total = (SSPI, GIVEN, ACCEPTOR), (SSPI, GIVEN, TOTAL)
    by_hash, by_file = "libwinpr2, hash set", "libwinpr2, account file"
    name = "NTLM handshake, both ends"
    yield Row(name, "1/s", total, (WINPR, GIVEN, TOTAL), by_hash)
    yield Row(f"{name}, hash file", "1/s", (SSPI, FILE, TOTAL), (GSS, FILE, TOTAL), "gss-ntlmssp, hash file")
    name = "NTLM accept, hash by callback"
    yield Row(name, "us", ours, (WINPR, GIVEN, ACCEPTOR), by_hash, 0.45)
    yield Row(name, "us", ours, (LIMIT, "accept", TOTAL), "OpenSSL alone", 1.5)
    yield Row(name, "instructions", ours, (LIMIT, "accept", TOTAL), "OpenSSL alone", at_most_absolute=85000)
    name = "NTLM accept, hash file"
    yield Row(name, "us", (SSPI, FILE, ACCEPTOR), (GSS, FILE, ACCEPTOR), "gss-ntlmssp, hash file", 0.25)
    yield Row(name, "us", (SSPI, FILE, ACCEPTOR), (WINPR, FILE, ACCEPTOR), by_file)
    yield Row("NTLM accept, SQLite", "us", (SSPI, DATABASE, ACCEPTOR), (WINPR, FILE, ACCEPTOR), by_file)
    name, spnego = "Negotiate accept of NTLM, hash file", "Negotiate accept, hash file"
    yield Row(name, "us", (SSPI, spnego, ACCEPTOR), (SSPI, FILE, ACCEPTOR), "our NTLM", 1.15)
    yield Row(name, "us", (SSPI, spnego, ACCEPTOR), (GSS, spnego, ACCEPTOR), "MIT with gss-ntlmssp", 0.25)
    first = "accept, first messages"
    yield Row("NTLM handshake and a first message each way", "us", (SSPI, first, TOTAL), (WINPR, first, TOTAL), by_hash)


OURS, MIT, HEIMDAL = "kerberos_sspi", "kerberos_mit", "kerberos_heimdal"


def kerberos_rows():
    """Tickets: our replay cache is on and the keytab a file; a peer's cache is off where the row does not name it."""
    plain, negotiate, pac = "accept", "Negotiate accept", "accept, PAC"
    file, cached = "accept, keytab file", "accept, keytab file, replay cache"
    name = "Kerberos accept"
    for unit in ("us", "instructions"):
        yield Row(name, unit, (OURS, plain, ACCEPTOR), (MIT, plain, ACCEPTOR), "MIT, keytab in memory", 1.0)
    yield Row(name, "us", (OURS, plain, ACCEPTOR), (MIT, file, ACCEPTOR), "MIT, keytab file")
    yield Row(name, "us", (OURS, plain, ACCEPTOR), (MIT, cached, ACCEPTOR), "MIT, keytab file, replay cache")
    for unit in ("us", "instructions"):
        yield Row(name, unit, (OURS, plain, ACCEPTOR), (HEIMDAL, file, ACCEPTOR), "Heimdal, keytab file", 0.7)
    yield Row(name, "us", (OURS, plain, ACCEPTOR), (LIMIT, "Kerberos accept", TOTAL), "OpenSSL alone")
    name = "Kerberos accept, PAC"
    yield Row(name, "us", (OURS, pac, ACCEPTOR), (MIT, pac, ACCEPTOR), "MIT, keytab in memory")
    yield Row(name, "us", (OURS, pac, ACCEPTOR), (HEIMDAL, pac, ACCEPTOR), "Heimdal, keytab in memory")
    yield Row(
        "Negotiate adds to a Kerberos accept",
        "us",
        (OURS, negotiate, ACCEPTOR),
        at_most_absolute=1.5,
        less=(OURS, plain, ACCEPTOR),
    )
    name = "Negotiate accept of Kerberos"
    yield Row(name, "us", (OURS, negotiate, ACCEPTOR), (MIT, negotiate, ACCEPTOR), "MIT's SPNEGO")
    yield Row(name, "us", (OURS, negotiate, ACCEPTOR), (HEIMDAL, negotiate, ACCEPTOR), "Heimdal's SPNEGO")
    for size, at_most in ((64, None), (1024, None), (16384, 1 / 3)):
        case = f"seal+unseal {size}"
        name = f"Kerberos seal and unseal, {size} bytes"
        yield Row(name, "MB/s", (OURS, case, TOTAL), (MIT, case, TOTAL), "MIT", at_most, size=size)
        yield Row(name, "MB/s", (OURS, case, TOTAL), (HEIMDAL, case, TOTAL), "Heimdal", size=size)
        yield Row(name, "MB/s", (OURS, case, TOTAL), (LIMIT, f"Kerberos {case}", TOTAL), "OpenSSL alone", size=size)


def message_rows():
    """Sealed messages."""
    for size, at_most in ((64, 0.45), (1024, None), (16384, 1.0)):
        case = f"seal+unseal {size}"
        name = f"NTLM seal and unseal, {size} bytes"
        yield Row(name, "MB/s", (SSPI, case, TOTAL), (WINPR, case, TOTAL), "libwinpr2", at_most, size=size)
        yield Row(name, "MB/s", (SSPI, case, TOTAL), (GSS, case, TOTAL), "gss-ntlmssp", size=size)
        yield Row(name, "MB/s", (SSPI, case, TOTAL), (LIMIT, case, TOTAL), "OpenSSL alone", size=size)


def tls_rows():
    """Schannel: the same certificate, versions, suites, groups and tickets with each library."""
    ours, raw, gnutls = "tls_sspi", "tls_openssl", "tls_gnutls"
    for kind in ("1.3 full", "1.3 resumed", "1.2 full", "1.2 resumed"):
        case = f"TLS {kind}"
        for ends, column in (("accept", ACCEPTOR), ("handshake, both ends", TOTAL)):
            name = f"Schannel {ends}, {kind}"
            yield Row(name, "us", (ours, case, column), (raw, case, column), "OpenSSL over memory BIOs", 1.03)
            yield Row(name, "us", (ours, case, column), (gnutls, case, column), "GnuTLS")
            yield Row(name, "instructions", (ours, case, column), (raw, case, column), "OpenSSL over memory BIOs", 1.03)
    for size, at_most in ((64, 1.2), (1024, None), (16384, 1.1)):
        case = f"seal+unseal {size}"
        name = f"Schannel seal and unseal, {size} bytes"
        yield Row(name, "MB/s", (ours, case, TOTAL), (raw, case, TOTAL), "SSL_write, SSL_read", at_most, size=size)
        yield Row(name, "MB/s", (ours, case, TOTAL), (gnutls, case, TOTAL), "GnuTLS", size=size)
    for version in ("1.3", "1.2"):
        case = f"memory, TLS {version} idle connection"
        name = f"Schannel idle connection, {version}"
        for program, reference, at_most in (
            (raw, "OpenSSL, BIOs not counted", 1.5),
            ("tls_openssl_release", "OpenSSL, buffers released", 1.5),
            (gnutls, "GnuTLS", None),
        ):
            yield Row(name, "bytes", (ours, case, TOTAL), (program, case, TOTAL), reference, at_most)
    for program, library, goal in ((ours, "Schannel", 1 / 0.95), (raw, "OpenSSL", None), (gnutls, "GnuTLS", None)):
        for name, unit, at_most in (("second", "handshakes/s", None), ("CPU second", "handshakes/CPU s", goal)):
            threads = (program, f"TLS 1.3 handshakes per {name}, 2 threads", TOTAL)
            processes = (program, f"TLS 1.3 handshakes per {name}, 2 processes", TOTAL)
            yield Row(f"{library} handshakes of 2 threads", unit, threads, processes, "2 processes", at_most)


def resource_rows():
    """Memory and threads."""
    memory = "memory_sspi"
    for name, case, at_most in (
        ("NTLM context, half open", "half-open context", 1024),
        ("NTLM context, established", "established context", 1024),
        ("NTLM context, after sealed messages both ways", "context after messages", 4096),
        ("10,000 NTLM contexts, half open", "10000 half-open contexts", None),
        ("NTLM credential", "credential", None),
        ("Kerberos context, half open (DCE style)", "Kerberos half-open context", 2048),
        ("Kerberos context, established", "Kerberos established context", 2048),
        ("Kerberos context, established, PAC", "Kerberos established context, PAC", 2048),
        ("Kerberos context, after sealed messages both ways", "Kerberos context after messages", 2048),
        ("10,000 Kerberos contexts, half open", "Kerberos 10000 half-open contexts", None),
        ("Kerberos credential", "Kerberos credential", None),
    ):
        yield Row(name, "bytes", (memory, f"memory, {case}", TOTAL), at_most_absolute=at_most)
    # The goal is set on CPU time: by the clock, other programs on the machine decide.
    for package, case in (("NTLM", ""), ("Kerberos", "Kerberos ")):
        for name, unit, at_most in (("second", "handshakes/s", None), ("CPU second", "handshakes/CPU s", 1 / 0.95)):
            threads = ("threads_sspi", f"{case}handshakes per {name}, 2 threads", TOTAL)
            processes = ("threads_sspi", f"{case}handshakes per {name}, 2 processes", TOTAL)
            yield Row(f"{package} handshakes of 2 threads", unit, threads, processes, "2 processes", at_most)


def script_rows():
    """What Python and Lua add."""
    by_legs = "50 accepts, leg by leg"
    for script, call, accept, less, factor in (("Python", 150, 1, FILE, 1), ("Lua", 120, 0.6, by_legs, 0.02)):
        layer = f"layer_{script.lower()}"
        yield Row(
            f"{script} adds to a call",
            "ns",
            (layer, "call", TOTAL),
            at_most_absolute=call,
            less=(SSPI, "1000 calls", TOTAL),
            less_factor=0.001,
        )
        yield Row(
            f"{script}'s generated module adds to an accept",
            "us",
            (layer, "accept, generated module", TOTAL),
            at_most_absolute=accept,
            less=(SSPI, less, ACCEPTOR),
            less_factor=factor,
        )
        yield Row(
            f"{script}'s layer adds to an accept",
            "us",
            (layer, "accept, layer", TOTAL),
            less=(SSPI, less, ACCEPTOR),
            less_factor=factor,
        )


def rows():
    """Every line of the table."""
    return [*handshake_rows(), *message_rows(), *kerberos_rows(), *tls_rows(), *resource_rows(), *script_rows()]


def read(folder):
    """{(program, case): [total, acceptor]} of one folder."""
    measured = {}
    for path in folder.iterdir():
        for line in path.read_text().splitlines():
            case, *figures = line.split("\t")
            measured[path.name, case] = [float(figure) for figure in figures]
    return measured


class Measurements:
    """Medians over the rounds, and instructions."""

    def __init__(self, folder):
        """Reads what run.sh left in a folder."""
        self.rounds = [read(path) for path in sorted(folder.glob("round-*"))]
        instructions = folder / "instructions"
        self.instructions = read(instructions) if instructions.exists() else {}

    def figure(self, unit, source, less=None, less_factor=1):
        """The median of `source`, less that of another; None where it was not measured."""
        where = [self.instructions] if unit == "instructions" else self.rounds
        found = [
            value(measured, source) - less_factor * value(measured, less)
            for measured in where
            if source[:2] in measured and (less is None or less[:2] in measured)
        ]
        return statistics.median(found) if found else None


def value(measured, source):
    """One figure of one round."""
    return measured[source[:2]][source[2]] if source else 0


def evaluate(row, measurements):
    """The row as the JSON file has it; None where ours was not measured."""
    ours = measurements.figure(row.unit, row.ours, row.less, row.less_factor)
    reference = measurements.figure(row.unit, row.reference) if row.reference else None
    if ours is None:
        return None
    ratio = cost_ratio(row, ours, reference)
    show = UNITS[row.unit]
    shown = show(ours, row.size)
    goal, holds = None, None
    if row.at_most is not None:
        goal = f"ratio at most {row.at_most:.2f}"
        holds = None if ratio is None else ratio <= row.at_most
    elif row.at_most_absolute is not None:
        goal = f"at most {row.at_most_absolute:g} {row.unit}"
        holds = shown <= row.at_most_absolute
    return {
        "name": row.name,
        "unit": row.unit,
        "ours": round(shown, 3),
        "reference": None if reference is None else round(show(reference, row.size), 3),
        "reference_name": row.reference_name or None,
        "ratio": None if ratio is None else round(ratio, 3),
        "goal": goal,
        "holds": holds,
    }


def cost_ratio(row, ours, reference):
    """Our cost to the reference's."""
    if reference is None:
        return None
    # Rates are the only figures of which more is better.
    return reference / ours if row.unit.startswith("handshakes/") else ours / reference


def text(value):
    """A cell of the table."""
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "NO"
    if isinstance(value, float):
        return f"{value:,.0f}" if value >= 1000 else f"{value:.2f}" if value < 100 else f"{value:.1f}"
    return str(value)


def print_table(results):
    """Prints the rows in columns."""
    header = ["", "ours", "unit", "reference", "of", "ratio", "goal", "holds"]
    keys = ["name", "ours", "unit", "reference", "reference_name", "ratio", "goal", "holds"]
    lines = [header] + [[text(result[key]) for key in keys] for result in results]
    widths = [max(len(line[i]) for line in lines) for i in range(len(header))]
    for line in lines:
        cells = [
            cell.rjust(width) if i in (1, 3, 5) else cell.ljust(width)
            for i, (cell, width) in enumerate(zip(line, widths, strict=True))
        ]
        print("  ".join(cells).rstrip())


def main():
    """Prints the table and writes the file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--json", type=pathlib.Path)
    arguments = parser.parse_args()
    measurements = Measurements(arguments.folder)
    results = [result for result in (evaluate(row, measurements) for row in rows()) if result]
    print_table(results)
    if arguments.json:
        arguments.json.write_text(json.dumps(results, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
