"""The one exception of this package. The generated module raises it for every failing call."""

from __future__ import annotations

from sspi import _sspi
from sspi._enums import Reason, Status


class SSPIError(OSError):
    """A call failed. Its text starts with the status: "SEC_E_LOGON_DENIED: ...".

    It is an OSError, so an `except OSError` around the code of a socket catches it too: put `except SSPIError` first.
    `explanation` is one sentence for the operator; like `reason` it must not be sent to the peer. `token`, if it is not
    empty, should be: it tells the peer that the exchange has failed.
    """

    def __init__(
        self, function: str, status: int, reason: int, explanation: str, token: bytes = b"", sense: str = ""
    ) -> None:
        self.function = function
        self.status = Status(status)
        self.reason = Reason(reason)
        self.explanation = explanation
        self.token = token
        self.sense = sense
        super().__init__(int(self.status), explanation or sense or self.status.name)

    def __str__(self) -> str:
        return f"{self.status.name}: {self.explanation or self.sense}"

    def __reduce__(self) -> tuple[type[SSPIError], tuple[str, int, int, str, bytes, str]]:
        return type(self), (
            self.function, int(self.status), int(self.reason), self.explanation, self.token, self.sense,
        )  # fmt: skip


_sspi.set_error(SSPIError)
