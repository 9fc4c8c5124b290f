"""Windows' Security Support Provider Interface for Linux.

A server proves who its client is, a client proves itself, by tokens that the two exchange over any connection::

    credential = sspi.Credential("NTLM", accounts="sqlite:/etc/sspi/accounts.db")
    context = sspi.ServerContext(credential)
    step = context.step(token_from_client)      # send step.token, until:
    if context.complete:
        print(context.client_name)              # EXAMPLE\\alice

A failure raises SSPIError, which tells the operator why. The functions of Windows' own interface are in `sspi._sspi`.
"""

from sspi._enums import AcceptFlag, BindingsResult, BufferType, InitFlag, PackageFlag, Reason, Status
from sspi.accounts import Account, AccountStore, NtHash
from sspi.bindings import ChannelBindings
from sspi.context import ClientContext, KeyInfo, ServerContext, Sizes, Step
from sspi.credential import Credential
from sspi.errors import SSPIError
from sspi.events import Event
from sspi.identity import Group, Identity
from sspi.packages import Option, PackageInfo, options, packages
from sspi.sasl import SaslClient, SaslServer

__version__ = "0.1.0"

__all__ = [
    "AcceptFlag",
    "Account",
    "AccountStore",
    "BindingsResult",
    "BufferType",
    "ChannelBindings",
    "ClientContext",
    "Credential",
    "Event",
    "Group",
    "Identity",
    "InitFlag",
    "KeyInfo",
    "NtHash",
    "Option",
    "PackageFlag",
    "PackageInfo",
    "Reason",
    "SSPIError",
    "SaslClient",
    "SaslServer",
    "ServerContext",
    "Sizes",
    "Status",
    "Step",
    "__version__",
    "options",
    "packages",
]
