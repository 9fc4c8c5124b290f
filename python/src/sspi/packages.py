"""What the library offers: its packages, and the options of a credential."""

from __future__ import annotations

from typing import NamedTuple

from sspi import _sspi
from sspi._enums import PackageFlag


class PackageInfo(NamedTuple):
    """One security package."""

    name: str
    comment: str
    capabilities: PackageFlag
    max_token: int
    version: int
    rpc_id: int


class Option(NamedTuple):
    """One option: how a credential, sspi.conf and the environment (SSPI_ and the name in upper case) call it."""

    name: str
    values: str
    default: str
    description: str


def package_info(row: _sspi.SecPkgInfo) -> PackageInfo:
    """The typed form of a package's description."""
    return PackageInfo(
        row.Name or "", row.Comment or "", PackageFlag(row.fCapabilities), row.cbMaxToken, row.wVersion, row.wRPCID
    )


def packages() -> list[PackageInfo]:
    """The packages of this library, in its order."""
    return [package_info(row) for row in _sspi.EnumerateSecurityPackages()]


def options() -> list[Option]:
    """Every option, with what it takes and what holds where nothing was said."""
    return [
        Option(row.Name or "", row.Values or "", row.Default or "", row.Description or "")
        for row in _sspi.SspiEnumerateOptions()
    ]
