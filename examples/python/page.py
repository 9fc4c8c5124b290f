"""The protected page: who you are and how that was proved, as HTML or as JSON."""

from __future__ import annotations

import html
import json
from typing import Any

from connection_login import Identity

STYLE = (
    "body{font:16px/1.5 sans-serif;max-width:45rem;margin:3rem auto;padding:0 1rem}"
    "th{text-align:left;padding-right:2rem;vertical-align:top}"
)
HTML = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>{name}</title><style>{style}</style></head>
<body><h1>You are {name}</h1>
<table>
{table}
</table></body></html>
"""
REFUSED = "You are not logged in.\n"


def facts(identity: Identity, request_number: int, body_size: int) -> dict[str, Any]:
    """The page's content. The session key is no part of it."""
    return {
        "name": identity.name,
        "package": identity.package,
        "flags": list(identity.flags),
        "key_bits": identity.key.bits,
        "encryption": identity.key.encryption,
        "signature": identity.key.signature,
        "legs": [
            {"received": leg.received.isoformat(), "after_ms": leg.after_ms, "step_us": leg.step_us}
            for leg in identity.legs
        ],
        "request_on_connection": request_number,
        "body_bytes": body_size,
    }


def as_json(content: dict[str, Any]) -> str:
    """For programs."""
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def as_html(content: dict[str, Any]) -> str:
    """For people. Whatever came from the client is escaped."""
    legs = (
        f"{html.escape(leg['received'])}, {leg['after_ms']} ms after the first, {leg['step_us']} &micro;s of ours"
        for leg in content["legs"]
    )
    rows = [
        ("Package", html.escape(content["package"])),
        ("Agreed", html.escape(", ".join(content["flags"]))),
        (
            "Key",
            html.escape(
                f"{content['key_bits']} bits, encryption {content['encryption']}, signature {content['signature']}"
            ),
        ),
        ("Legs", "<br>".join(legs)),
        ("Request on this connection", str(content["request_on_connection"])),
        ("Bytes in your request", str(content["body_bytes"])),
    ]
    table = "\n".join(f"<tr><th>{head}</th><td>{cell}</td></tr>" for head, cell in rows)
    return HTML.format(name=html.escape(content["name"]), style=STYLE, table=table)
