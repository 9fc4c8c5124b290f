"""A certificate authority of the tests' own, and certificates of it, made by the openssl program."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from conftest import needs

KEYS = {
    "ec": ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"],
    "p384": ["ec", "-pkeyopt", "ec_paramgen_curve:P-384"],
    "rsa": ["rsa:2048"],
    "pss": ["rsa-pss", "-pkeyopt", "rsa_keygen_bits:2048"],
    "ed25519": ["ed25519"],
    "ed448": ["ed448"],
}


class Authority:
    """ca.pem in a folder, and NAME.pem with NAME.key for each certificate."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.program = needs("openssl", "openssl")
        self._run(
            "req", "-x509", "-newkey", *KEYS["ec"], "-nodes", "-keyout", folder / "ca.key", "-out", folder / "ca.pem",
            "-days", 2, "-subj", "/CN=Authority of the tests", "-addext", "keyUsage=critical,keyCertSign,cRLSign",
        )  # fmt: skip

    def _run(self, *arguments: object) -> None:
        command = [self.program, *(str(argument) for argument in arguments)]
        result = subprocess.run(command, capture_output=True, text=True, timeout=60)
        assert result.returncode == 0, result.stderr

    @property
    def trust(self) -> Path:
        return self.folder / "ca.pem"

    def issue(self, name: str, *, key: str = "ec", usage: str = "serverAuth", extra: str = "", days: int = 2) -> Path:
        """NAME.pem: the certificate with the key behind it. `extra`: more alternative names, e.g. "IP:127.0.0.1"."""
        path = self.folder / f"{name}-{key}"
        names = ",".join([f"DNS:{name}", *([extra] if extra else [])])
        extensions = path.with_suffix(".ext")
        extensions.write_text(
            f"subjectAltName={names}\nextendedKeyUsage={usage}\nkeyUsage=digitalSignature\n"
            "authorityKeyIdentifier=keyid\n"
        )
        self._run(
            "req", "-newkey", *KEYS[key], "-nodes", "-keyout", path.with_suffix(".key"),
            "-out", path.with_suffix(".csr"), "-subj", f"/CN={name}",
        )  # fmt: skip
        self._run(
            "x509", "-req", "-in", path.with_suffix(".csr"), "-CA", self.trust, "-CAkey", self.folder / "ca.key",
            "-CAcreateserial", "-days", days, "-extfile", extensions, "-out", path.with_suffix(".crt"),
        )  # fmt: skip
        both = path.with_suffix(".pem")
        both.touch(mode=0o600)
        both.write_text(path.with_suffix(".crt").read_text() + path.with_suffix(".key").read_text())
        return both


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))
