"""Login attempts, as a credential's `on_event` receives them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

from sspi import _sspi
from sspi._enums import Reason, Status
from sspi._time import utc


class Event(NamedTuple):
    """One login attempt, good or bad. Holds no secret. Names are as claimed unless `status` is SEC_E_OK."""

    time: datetime
    package: str
    client_name: str
    workstation: str
    status: Status
    reason: Reason
    explanation: str


def receiver(on_event: Callable[[Event], object]) -> Callable[[_sspi.SSPI_EVENT], None]:
    """What the generated module calls, around what the program gave."""

    def receive(row: _sspi.SSPI_EVENT) -> None:
        on_event(
            Event(
                utc(row.Time), row.Package or "", row.ClientName or "", row.Workstation or "",
                Status(row.Status), Reason(row.Reason), row.Explanation or "",
            )
        )  # fmt: skip

    return receive
