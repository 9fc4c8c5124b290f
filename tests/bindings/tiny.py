"""Where the project is, and enough of the public types for any tiny header. Makes the generator importable."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "bindings"))

# Enough of the public types for any tiny header.
PRELUDE = """
#ifndef TINY_H
#define TINY_H
typedef int32_t LONG;
typedef uint32_t ULONG, *PULONG;
typedef uint16_t USHORT;
typedef unsigned char UCHAR;
typedef unsigned char BOOLEAN;
typedef int BOOL;
typedef char SEC_CHAR;
typedef uint16_t SEC_WCHAR;
typedef LONG SECURITY_STATUS;
typedef union _LARGE_INTEGER { LONG QuadPart; } LARGE_INTEGER;
typedef LARGE_INTEGER TimeStamp, *PTimeStamp;
typedef struct _SecHandle { uintptr_t dwLower; uintptr_t dwUpper; } SecHandle, *PSecHandle;
typedef SecHandle CredHandle, *PCredHandle;
typedef SecHandle CtxtHandle, *PCtxtHandle;
typedef struct _SecBuffer { ULONG cbBuffer; ULONG BufferType; void *pvBuffer; } SecBuffer, *PSecBuffer;
typedef struct _SecBufferDesc { ULONG ulVersion; ULONG cBuffers; PSecBuffer pBuffers; } SecBufferDesc, *PSecBufferDesc;
typedef struct _SspiAccountStore SspiAccountStore;
#endif
"""
