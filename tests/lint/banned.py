"""Calls that have one door, or none."""

import re
from collections.abc import Iterator

from source import Tree, Violation, c_without_directives, line_of

# Function names (a regular expression), the files of core/ that may call them, and what to use.
DOORS = [
    (r"strcpy|strcat|sprintf|vsprintf|gets|strncpy|strncat|strtok|alloca|atoi|atol|strdupa", "", "sizes"),
    (
        r"malloc|calloc|realloc|free|strdup|strndup|asprintf|vasprintf|aligned_alloc|posix_memalign|reallocarray",
        r"core/base/memory\.c|core/tools/.*",
        "base/memory.h",
    ),
    (r"time|clock_gettime|gettimeofday|clock", r"core/base/clock\.c", "base/clock.h"),
    (
        r"rand|srand|random|srandom|drand48|getrandom|getentropy|arc4random|RAND_bytes\w*|RAND_priv_bytes\w*",
        r"core/crypto/random\.c",
        "crypto/random.h",
    ),
    (r"getenv", "", "secure_getenv in base/settings.c"),
    (r"secure_getenv", r"core/base/(?:settings|config_file)\w*\.c", "base/settings.h"),
    (r"assert|abort|exit|_exit", r"core/tools/.*", "a status"),
    (
        r"explicit_bzero|OPENSSL_cleanse|CRYPTO_memcmp",
        r"core/base/secret\.c|core/tools/.*",
        "secret_wipe, secret_equal",
    ),
    (r"printf|puts|perror|fprintf|vprintf|syslog", r"core/tools/.*", "an event or a failure"),
]
CALL = re.compile(r"(?<![\w.>])(\w+)\s*\(")

# Names that hold secrets, where memset as it stands may be left out, and memcmp tells by its time where they differ.
SECRET_NAME = re.compile(
    r"(?<!no_)passw|secret|nt_?hash|nt_?owf|session_key|base_key|exported_key|private|_key\b|\bkey\b|\bkeys\b"
    r"|\bmic\b|proof|response|checksum|\bmac\b"
)
RAW = re.compile(r"(?<![\w.>])(memset|bzero|memcmp|bcmp)\s*\(([^;]*?)\)\s*(?:;|[=!<>]=|[&|)<>?])")


def banned_calls(tree: Tree) -> Iterator[Violation]:
    """Each door is used where it is, and only there."""
    compiled = [(re.compile(names), re.compile(where), instead) for names, where, instead in DOORS]
    for path in tree.matching(r"core/(?!include/)\w+/.*\.[ch]"):
        code = c_without_directives(tree.code(path))
        for match in CALL.finditer(code):
            for names, where, instead in compiled:
                if names.fullmatch(match[1]) and not where.fullmatch(path):
                    yield Violation(path, line_of(code, match.start()), f"{match[1]}(): use {instead}")


def raw_secrets(tree: Tree) -> Iterator[Violation]:
    """A secret is not blanked by memset, nor compared by memcmp."""
    for path in tree.matching(r"core/(?!include/)\w+/.*\.[ch]"):
        code = c_without_directives(tree.code(path))
        for match in RAW.finditer(code):
            if SECRET_NAME.search(match[2]):
                yield Violation(path, line_of(code, match.start()), f"{match[1]}: use secret_wipe, secret_equal")
