"""Each rule of the lint turns red on a planted violation, and only there."""

import subprocess
from pathlib import Path

import lint
import public
import pytest
import sizes
from source import Tree, c_strip

HEAD = "/* Head. */\n"

# A small tree that keeps every rule.
SOUND = {
    "core/include/sspi.h": HEAD
    + '#include "sspi_sal.h"\n#include <stdint.h>\n'
    + "SSPI_API int SEC_ENTRY OpenIt(_In_ int a, _Out_opt_ char *(*b)(int, int));\n",
    "core/include/sspi_sal.h": HEAD + "#define _In_\n#define _Out_opt_\n",
    "core/sspi.map": "SSPI_1 {\n  global:\n    OpenIt;\n  local: *;\n};\n",
    "core/base/x.c": HEAD + '#include "base/x.h"\nint f(void)\n{\n    return 1; /* memcmp() */\n}\n',
    "core/base/x.h": HEAD,
    "core/api/provider.h": HEAD,
    "core/api/handle.h": HEAD,
    "core/crypto/rc4.h": HEAD,
    "core/ntlm/ntlm.h": HEAD,
    "core/ntlm/a.c": HEAD
    + '#include "api/provider.h"\n#include "crypto/rc4.h"\n#include "ntlm/ntlm.h"\n#include "sspi.h"\n',
    "core/kerberos/krb.h": HEAD + "#include <krb5.h>\n",
    "tests/unit/base/test_x.c": "/* Also z.c. */\n",
    "core/base/z.c": HEAD,
    "tests/unit/ntlm/test_a.c": HEAD,
    "README.md": "See [the core](core/base/x.c) and [the net](https://example.com).\n",
}

DEEP = """void f(void)
{
    for (;;) {
        if (a)
            while (b)
                if (c) {
                }
    }
}
"""
LONG = "int f(void)\n{\n" + "    g();\n" * 60 + "}\n"
MIDDLING = "".join(f"int f{i}(void)\n{{\n" + "    g();\n" * 15 + "}\n\n" for i in range(3))

PLANTED = [
    ("walls", "core/base/x.c", '#include "crypto/rc4.h"\n'),
    ("walls", "core/ntlm/a.c", '#include "kerberos/krb.h"\n'),
    ("walls", "core/ntlm/a.c", '#include "api/handle.h"\n'),
    ("walls", "core/api/handle.h", '#include "ntlm/ntlm.h"\n'),
    ("walls", "core/ntlm/a.c", "#include <openssl/evp.h>\n"),
    ("walls", "core/ntlm/a.c", "#include <krb5.h>\n"),
    ("walls", "core/base/x.c", "#include <sqlite3.h>\n"),
    ("walls", "core/base/x.c", '#include "base/absent.h"\n'),
    ("public headers", "core/include/sspi.h", '#include "base/x.h"\n'),
    ("public headers", "core/include/sspi.h", "#include <stdio.h>\n"),
    ("banned calls", "core/base/x.c", "int g(void)\n{\n    return strcpy(a, b);\n}\n"),
    ("banned calls", "core/base/x.c", "int g(void)\n{\n    return malloc (3);\n}\n"),
    ("banned calls", "core/ntlm/a.c", "int g(void)\n{\n    return time(NULL) + rand() + getenv(n);\n}\n"),
    ("banned calls", "core/ntlm/a.c", "void g(void)\n{\n    assert(1);\n}\n"),
    ("raw secrets", "core/ntlm/a.c", "void g(void)\n{\n    memset(session_key, 0, 16);\n}\n"),
    ("raw secrets", "core/ntlm/a.c", "void g(void)\n{\n    memset(&s->key, 0, 16);\n}\n"),
    ("raw secrets", "core/ntlm/a.c", "int g(void)\n{\n    return memcmp(a->mic, b, 16) == 0;\n}\n"),
    ("function lengths", "core/base/x.c", LONG),
    ("function lengths", "bindings/x.py", "def f():\n" + "    g()\n" * 61),
    ("function spread", "core/base/x.c", MIDDLING),
    ("file lengths", "core/base/x.h", "/* */\n" * 500),
    ("nesting", "core/base/x.c", DEEP),
    ("SAL", "core/include/sspi.h", "SSPI_API int SEC_ENTRY OpenIt(int a);\n"),
    ("SAL", "core/include/sspi.h", "SSPI_API int SEC_ENTRY OpenIt(_In_wrong_ int a);\n"),
    ("exports", "core/include/sspi.h", "SSPI_API int SEC_ENTRY CloseIt(void);\n"),
    ("exports", "core/sspi.map", "SSPI_2 { global: CloseIt; };\n"),
    ("words", "core/base/x.c", "/* TODO: more */\n"),
    ("words", "README.md", "Look in /root/x.\n"),
    ("whitespace", "core/base/x.c", "int a; \n"),
    ("whitespace", "core/base/x.c", "\tint a;\n"),
    ("whitespace", "core/base/x.c", "int a;\n\n"),
    ("mirror", "core/base/y.c", HEAD),
    ("file heads", "tests/../core/ntlm/b.h", "int a;\n"),
    ("links", "README.md", "[gone](docs/absent.md)\n"),
]


def grow(root: Path, extra: tuple[str, str] | None = None) -> Tree:
    """Writes the sound tree, with text added to one file."""
    files = dict(SOUND)
    if extra:
        path = extra[0].replace("tests/../", "")
        files[path] = files.get(path, "") + extra[1]
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    return Tree(root)


def broken(tree: Tree) -> set[str]:
    """The names of the rules that a tree breaks."""
    return {name for name, rule in lint.RULES.items() if list(rule(tree))}


def test_sound_tree_breaks_nothing(tmp_path: Path) -> None:
    """The tree that the others are grown from."""
    assert broken(grow(tmp_path)) == set()


@pytest.mark.parametrize(("rule", "path", "text"), PLANTED)
def test_planted_violation(tmp_path: Path, rule: str, path: str, text: str) -> None:
    """The rule it breaks finds it."""
    assert rule in broken(grow(tmp_path, (path, text)))


def test_every_rule_was_planted() -> None:
    """No rule without a planted violation."""
    assert {rule for rule, _, _ in PLANTED} == set(lint.RULES)


def test_nesting_counts_what_it_should() -> None:
    """Chains of else, do-while and initialisers are no levels."""
    code = """void f(void)
{
    if (a)
        x();
    else if (b)
        y();
    else {
        do {
            z();
        } while (c);
    }
}
"""
    assert max(level for _, level in sizes.Nesting(code).run()) == 2


def test_strip_keeps_lines() -> None:
    """Comments and literals go, lines stay."""
    assert c_strip('a /* x\ny */ "b\\"c" \'d\' // e\nf') == "a     \n     \"\" ''     \nf"


def test_library_symbols(tmp_path: Path) -> None:
    """A library with a symbol too many, and one without, are told apart from the right one."""
    tree = grow(tmp_path)
    (tmp_path / "core").mkdir(exist_ok=True)
    for body, wanted in [("OpenIt", 0), ("Other", 2), ("OpenIt(void){return 0;} int Other", 1)]:
        source = tmp_path / "l.c"
        source.write_text(f"int {body}(void){{return 0;}}\n")
        command = ["gcc", "-shared", "-fPIC", "-o", str(tmp_path / "core/libsspi.so"), str(source)]
        subprocess.run(command, check=True)
        assert len(list(public.library(tree, tmp_path))) == wanted
