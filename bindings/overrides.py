"""The one table of exceptions: what the header's annotations alone do not say.

Everything that is not named here follows from the declarations and their SAL.
"""

from __future__ import annotations

# Functions that scripts do not get, and why.
LEFT_OUT: dict[str, str] = {
    "InitSecurityInterfaceA": "a table of C function pointers",
    "SspiExplainLastFailure": "every failure carries its explanation",
    "SspiQueryLastFailureReason": "every failure carries its reason",
    "QueryContextAttributesExA": "QueryContextAttributes knows the size of each structure",
    "QueryCredentialsAttributesExA": "QueryCredentialsAttributes knows the size of each structure",
    "SetContextAttributesA": "structures in",
    "SetCredentialsAttributesA": "structures in: none of the packages built takes one",
    "SspiSetChannelBindingFlags": "changes a structure in place",
    "QuerySecurityContextToken": "a pointer without a type",
    "SspiListTokenIdentity": "a pointer without a type: SspiListIdentity lists the same",
    "SspiCloseToken": "a pointer without a type",
    "DelegateSecurityContext": "served by no package",
    "ExportSecurityContext": "a token without a type",
    "ImportSecurityContextA": "a token without a type",
    "SspiCertificateFromFile": "a certificate as C programs hold it: SspiCredentialSetCertificate takes bytes",
    "SspiCertificateFromBytes": "a certificate as C programs hold it: SspiCredentialSetCertificate takes bytes",
    "SspiCertificateSetOcspResponse": "a certificate as C programs hold it: SspiCredentialSetOcspResponse takes bytes",
    "SspiCertificateStoreFromPath": "a store as C programs hold it: SspiCredentialSetTrust takes bytes",
    "SaslEnumerateProfilesA": "a list ended by two nulls",
    "SaslGetContextOption": "a value whose type depends on the option",
}

# Parameters whose role the declaration does not tell: function -> parameter -> role.
#   "null", "zero"  never shown to scripts
#   "identity"      (user, domain, password) as SEC_WINNT_AUTH_IDENTITY_A
#   "context"       phContext and phNewContext as one: None at first, the same object afterwards
#   "attribute"     the structure that belongs to the number in the parameter before
ROLES: dict[str, dict[str, str]] = {
    "AcquireCredentialsHandleA": {
        "pvLogonId": "null", "pAuthData": "identity", "pGetKeyFn": "null", "pvGetKeyArgument": "null",
    },
    "AddCredentialsA": {"pAuthData": "identity", "pGetKeyFn": "null", "pvGetKeyArgument": "null"},
    "ChangeAccountPasswordA": {"dwReserved": "zero"},
    "InitializeSecurityContextA": {"phContext": "context", "Reserved1": "zero", "Reserved2": "zero"},
    "AcceptSecurityContext": {"phContext": "context"},
    "SaslInitializeSecurityContextA": {"phContext": "context", "Reserved1": "zero", "Reserved2": "zero"},
    "SaslAcceptSecurityContext": {"phContext": "context"},
    "QueryContextAttributesA": {"pBuffer": "attribute"},
    "QueryCredentialsAttributesA": {"pBuffer": "attribute"},
}  # fmt: skip

# Types that scripts hold as objects: C name -> (name in scripts, kind in the runtime).
HANDLES: dict[str, tuple[str, str]] = {
    "CredHandle": ("CredHandle", "SSPI_KIND_CREDENTIAL"),
    "CtxtHandle": ("CtxtHandle", "SSPI_KIND_CONTEXT"),
    "SspiAccountStore": ("AccountStore", "SSPI_KIND_STORE"),
}

# Functions that release their only argument, which may then be called again in scripts: the handle's C type.
RELEASES: dict[str, str] = {
    "FreeCredentialsHandle": "CredHandle",
    "DeleteSecurityContext": "CtxtHandle",
    "SspiAccountStoreFree": "SspiAccountStore",
    "FreeContextBuffer": "void",
}

# A successful status other than SEC_E_OK says what to do next, so it is the first result.
REPORTS_STATUS = {
    "AcceptSecurityContext", "InitializeSecurityContextA", "SaslAcceptSecurityContext",
    "SaslInitializeSecurityContextA", "DecryptMessage",
}  # fmt: skip

# DATA buffers of a message that are only read although the descriptor is _Inout_.
READS_DATA = {"MakeSignature"}

# The second object must live as long as the first: function -> (parameter that keeps, parameter that is kept).
KEEPS: dict[str, tuple[str, str]] = {
    "AcceptSecurityContext": ("phContext", "phCredential"),
    "InitializeSecurityContextA": ("phContext", "phCredential"),
    "SaslAcceptSecurityContext": ("phContext", "phCredential"),
    "SaslInitializeSecurityContextA": ("phContext", "phCredential"),
    "SspiCredentialSetAccountStore": ("phCredential", "store"),
}

# The object that owns a callback: function -> parameter.
OWNS_CALLBACK: dict[str, str] = {
    "SspiAccountStoreFromCallback": "store",
    "SspiCredentialSetEventCallback": "phCredential",
}

# Functions that neither wait nor compute for long: the interpreter's lock may be kept while nobody uses the object.
# Message functions are among them up to BRIEF_BYTES of data.
BRIEF = {
    "QueryContextAttributesA", "SspiExplainContext", "SspiQueryContextReason", "SspiStatusName",
    "QuerySecurityPackageInfoA", "EnumerateSecurityPackagesA", "SspiEnumerateOptions", "SspiMakeChannelBindings",
}  # fmt: skip
BRIEF_MESSAGES = {"MakeSignature", "VerifySignature", "EncryptMessage", "DecryptMessage"}
BRIEF_BYTES = 1024

# Attributes that scripts do not get, and why. Numbers without a structure in the header's comment need no entry.
ATTRIBUTES_LEFT_OUT: dict[str, str] = {
    "SECPKG_ATTR_DCE_INFO": "a pointer without a type",
    "SECPKG_ATTR_ACCESS_TOKEN": "a pointer without a type",
    "SECPKG_ATTR_SUBJECT_SECURITY_ATTRIBUTES": "a pointer without a type",
    "SECPKG_ATTR_NEGOTIATED_TLS_EXTENSIONS": "an array of numbers",
    "SECPKG_CRED_ATTR_KDC_PROXY_SETTINGS": "can only be set",
    "SECPKG_ATTR_ISSUER_LIST": "obsolete",
    "SECPKG_ATTR_REMOTE_CRED": "obsolete",
    "SECPKG_ATTR_LOCAL_CRED": "obsolete",
    "SECPKG_ATTR_ISSUER_LIST_EX": "a list inside the structure",
    "SECPKG_ATTR_EAP_KEY_BLOCK": "secrets in arrays",
    "SECPKG_ATTR_MAPPED_CRED_ATTR": "a pointer without a type",
    "SECPKG_ATTR_CC_POLICY_RESULT": "an array inside the structure",
    "SECPKG_ATTR_EAP_PRF_INFO": "can only be set",
    "SECPKG_ATTR_SUPPORTED_SIGNATURES": "an array of numbers",
    "SECPKG_ATTR_EARLY_START": "can only be set",
    "SECPKG_ATTR_KEYING_MATERIAL_INFO": "can only be set",
    "SECPKG_ATTR_KEYING_MATERIAL_INPROC": "both ways",
    "SECPKG_ATTR_SRTP_PARAMETERS": "not part of the packages built",
    "SECPKG_ATTR_TOKEN_BINDING": "not part of the packages built",
}

# Arrays inside structures: (structure, member) -> the member that holds how much of it is used.
ARRAY_SIZES: dict[tuple[str, str], str] = {
    ("SecPkgContext_ApplicationProtocol", "ProtocolId"): "ProtocolIdSize",
    ("SecPkgContext_SessionInfo", "rgbSessionId"): "cbSessionId",
}

# Members that hold secrets: wiped before they are freed.
SECRET_MEMBERS = {
    ("SecPkgContext_SessionKey", "SessionKey"),
    ("SecPkgContext_NegoKeys", "KeyValue"),
    ("SecPkgContext_NegoKeys", "VerifyKeyValue"),
    ("SecPkgContext_KeyingMaterial", "pbKeyingMaterial"),
}

# Structures that only callbacks see, and which direction: rows are made of those that come in.
CALLBACK_ROWS = ["SSPI_EVENT"]

# Enumerations of the typed layers: class -> (prefixes of constants, whether values are flags, doc).
ENUMS: dict[str, tuple[tuple[str, ...], bool, str]] = {
    "Status": (("SEC_E_", "SEC_I_", "STATUS_"), False, "A status code, with Windows' name and value."),
    "Reason": (("SSPI_REASON_",), False, "Why a login or a call failed, finer than the status; for the operator."),
    "AcceptFlag": (("ASC_REQ_", "ASC_RET_"), True, "What a server asks for and what was agreed."),
    "InitFlag": (("ISC_REQ_", "ISC_RET_"), True, "What a client asks for and what was agreed."),
    "BufferType": (("SECBUFFER_",), False, "The role of a buffer."),
    "PackageFlag": (("SECPKG_FLAG_",), True, "What a package can do."),
    "BindingsResult": (("SEC_CHANNEL_BINDINGS_RESULT_",), True, "What became of the channel bindings."),
}
# Prefixes whose constants keep their whole name in the enumeration.
ENUM_WHOLE_NAMES = ("SEC_E_", "SEC_I_", "STATUS_")
# Constants that an enumeration does not take: masks and versions.
ENUM_LEFT_OUT = {
    "SECBUFFER_VERSION", "SECBUFFER_ATTRMASK", "SECBUFFER_READONLY", "SECBUFFER_READONLY_WITH_CHECKSUM",
    "SECBUFFER_RESERVED",
}  # fmt: skip
