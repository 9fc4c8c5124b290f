"""What the emitters write, for one tiny header: compared with kept files.

After a change that is meant, SSPI_GOLDEN=write rewrites the files in golden/; read the difference before committing it.
"""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from generate import FILES
from tiny import ROOT

TINY = """
#define SEC_E_OK ((SECURITY_STATUS)0x00000000) /* Done. */
#define SEC_E_INTERNAL_ERROR ((SECURITY_STATUS)0x80090304) /* Failure with no better code. */
#define SSPI_REASON_NONE 0
#define ASC_REQ_INTEGRITY 0x00020000 /* MakeSignature will be used */
#define NTLMSP_NAME_A "NTLM"

/** One account. */
typedef struct _SSPI_ACCOUNT {
    char *User;   /**< UTF-8 */
    ULONG Flags;
} SSPI_ACCOUNT, *PSSPI_ACCOUNT;

/** Opens a store. And more. */
SSPI_API SECURITY_STATUS SEC_ENTRY SspiAccountStoreOpen(_In_z_ const char *location, _Outptr_ SspiAccountStore **store);

/** Lists it. */
SSPI_API SECURITY_STATUS SEC_ENTRY SspiAccountStoreList(_In_ SspiAccountStore *store, _Out_ ULONG *count,
    _Outptr_result_buffer_(*count) PSSPI_ACCOUNT *accounts);

/** Releases it. */
SSPI_API void SEC_ENTRY SspiAccountStoreFree(_In_opt_ _Post_ptr_invalid_ SspiAccountStore *store);
"""
GOLDEN = ROOT / "tests/bindings/golden"


@pytest.mark.parametrize("name", FILES)
def test_golden(model, name):
    text = FILES[name](model(TINY))
    path = GOLDEN / (name + ".txt")
    if os.environ.get("SSPI_GOLDEN") == "write":
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    assert text == path.read_text()


def generate(folder, *arguments):
    return subprocess.run(
        [sys.executable, "-B", str(ROOT / "bindings/generate.py"), "--output", str(folder), *arguments],
        capture_output=True, text=True,
    )  # fmt: skip


def test_command_writes_every_file(tmp_path):
    done = generate(tmp_path, "--include", str(ROOT / "core/include"))
    assert done.returncode == 0, done.stderr
    assert {p.name for p in tmp_path.iterdir()} == set(FILES)
    compile((tmp_path / "_enums.py").read_text(), "_enums.py", "exec")


def test_command_writes_the_same_twice(tmp_path):
    for part in ("a", "b"):
        assert generate(tmp_path / part, "--include", str(ROOT / "core/include")).returncode == 0
    for name in FILES:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_command_stops_with_one_line(tmp_path):
    (tmp_path / "bad.h").write_text("SSPI_API ULONG SEC_ENTRY F(_In_ void *x);\ntypedef uint32_t ULONG;\n")
    done = generate(tmp_path / "out", "--include", str(tmp_path), "--header", "bad.h")
    assert done.returncode == 1
    assert done.stderr == "generate.py: F: parameter x (_In_ void *): no shape for this input\n"
    assert not (tmp_path / "out").exists()
    done = generate(tmp_path / "out", "--include", str(tmp_path), "--header", "absent.h")
    assert done.returncode == 1
    assert "absent.h" in done.stderr
