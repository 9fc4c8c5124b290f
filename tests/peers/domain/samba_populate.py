#!/usr/bin/python3
"""Users, groups and services of the test domain, written into a new domain's database before its controller starts.

samba_populate.py SMB_CONF FOLDER   writes FOLDER/web.keytab, back.keytab, all.keytab
"""

from __future__ import annotations

import sys
from pathlib import Path

from samba import dckeytab  # gives Net its export_keytab
from samba.auth import system_session
from samba.credentials import Credentials
from samba.dcerpc import security
from samba.ndr import ndr_unpack
from samba.net import Net
from samba.param import LoadParm
from samba.samdb import SamDB

PASSWORD = "Correct-Horse-1"
MANY, SEVERAL = 2500, 60
GLOBAL, DOMAIN_LOCAL, UNIVERSAL = 0x80000002, 0x80000004, 0x80000008
AES = "24"
TRUSTED_FOR_DELEGATION, NOT_DELEGATED, TRUSTED_TO_AUTH = 0x80000, 0x100000, 0x1000000
NO_AUTHORIZATION_DATA = 0x2000000
NORMAL, DISABLED, NEVER_EXPIRES = 0x200, 0x2, 0x10000

USERS = {
    "alice": {"userPrincipalName": "alice.liddell@wonder.example"},
    "bob": {"userAccountControl": str(NORMAL | NEVER_EXPIRES | NOT_DELEGATED)},
    "bärbel": {},
    "many": {},
    "several": {},
    "gone": {"userAccountControl": str(NORMAL | DISABLED)},
    "past": {"accountExpires": "132223104000000000"},
}
SERVICES = {
    "web": (
        ["HTTP/web.ad.example.test"],
        TRUSTED_FOR_DELEGATION | TRUSTED_TO_AUTH,
        {"msDS-AllowedToDelegateTo": ["HTTP/back.ad.example.test", "svc/back.ad.example.test"]},
    ),
    "bare": (["HTTP/bare.ad.example.test"], NO_AUTHORIZATION_DATA, {}),
    "back": (["HTTP/back.ad.example.test", "svc/back.ad.example.test"], 0, {}),
}
# Name, type, members: users and groups made before.
GROUPS = [
    ("staff", GLOBAL, ["alice", "bärbel"]),
    ("department", GLOBAL, ["staff"]),
    ("everywhere", UNIVERSAL, ["department"]),
    ("vault", DOMAIN_LOCAL, ["staff"]),
    ("doors", DOMAIN_LOCAL, ["alice"]),
]


class Domain:
    """The database of the new domain."""

    def __init__(self, config: str) -> None:
        self.lp = LoadParm()
        self.lp.load(config)
        self.lp.set("ldb:nosync", "true")
        self.database = SamDB(session_info=system_session(), lp=self.lp)
        self.base = self.database.domain_dn()

    def dn(self, name: str) -> str:
        return f"CN={name},CN=Users,{self.base}"

    def add_user(self, name: str, attributes: dict[str, str | list[str]]) -> None:
        """AES types are said before the password is: keys are made for what is said by then."""
        wanted = {"userAccountControl": str(NORMAL | NEVER_EXPIRES)} | attributes
        self.database.add(
            {
                "dn": self.dn(name),
                "objectClass": "user",
                "sAMAccountName": name,
                "msDS-SupportedEncryptionTypes": AES,
                **{key: value for key, value in wanted.items() if key != "userAccountControl"},
            }
        )
        self.database.setpassword(f"(sAMAccountName={name})", PASSWORD, force_change_at_next_login=False)
        self.database.modify_ldif(
            f"dn: {self.dn(name)}\nchangetype: modify\nreplace: userAccountControl\n"
            f"userAccountControl: {wanted['userAccountControl']}\n"
        )

    def add_group(self, name: str, kind: int, members: list[str]) -> None:
        self.database.add(
            {
                "dn": self.dn(name),
                "objectClass": "group",
                "sAMAccountName": name,
                "groupType": str(kind - (1 << 32)),
                "member": [self.dn(member) for member in members],
            }
        )

    def sids(self, which: str) -> list[str]:
        rows = self.database.search(base=self.base, expression=which, attrs=["objectSid"])
        return [str(ndr_unpack(security.dom_sid, row["objectSid"][0])) for row in rows]

    def export(self, path: Path, *principals: str) -> None:
        assert dckeytab
        credentials = Credentials()
        credentials.guess(self.lp)
        net = Net(credentials, self.lp)
        for principal in principals:
            net.export_keytab(keytab=str(path), principal=principal)


def main() -> None:
    """Writes all in one transaction, then the keytabs."""
    config, folder = sys.argv[1], Path(sys.argv[2])
    domain = Domain(config)
    domain.database.transaction_start()
    for name, attributes in USERS.items():
        domain.add_user(name, attributes)
    for name, (principals, flags, attributes) in SERVICES.items():
        control = {"userAccountControl": str(NORMAL | NEVER_EXPIRES | flags)}
        domain.add_user(name, {"servicePrincipalName": principals} | attributes | control)
    for group in GROUPS:
        domain.add_group(*group)
    for number in range(MANY):
        members = ["many", "several"] if number < SEVERAL else ["many"]
        domain.add_group(f"crowd-{number:04}", (GLOBAL, DOMAIN_LOCAL, UNIVERSAL)[number % 3], members)
    domain.database.transaction_commit()
    (folder / "many.sids").write_text("\n".join(domain.sids("(sAMAccountName=crowd-*)")))
    for name, (principals, _, _) in SERVICES.items():
        domain.export(folder / f"{name}.keytab", *principals, name)
        domain.export(folder / "all.keytab", *principals)


main()
