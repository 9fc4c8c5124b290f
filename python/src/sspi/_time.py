"""FILETIME (100 ns since 1601-01-01) to datetime."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1601, 1, 1)
# What the library says where there is no end; anything past the year 9999 means the same.
_FOREVER = 2650467743999999999


def utc(ticks: int) -> datetime:
    """A time that counts in UTC."""
    return (_EPOCH + timedelta(microseconds=min(max(ticks, 0), _FOREVER) // 10)).replace(tzinfo=UTC)


def local(ticks: int) -> datetime | None:
    """A time of expiry, which counts in local time; None if there is none."""
    if not 0 < ticks <= _FOREVER:
        return None
    return (_EPOCH + timedelta(microseconds=ticks // 10)).astimezone()
