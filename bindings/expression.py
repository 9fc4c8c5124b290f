"""Evaluates the constant integer expressions of our headers: casts, operators and names.

Used by header.py for #if, #define and enumerators.
"""

from __future__ import annotations

import re
from collections.abc import Callable

# Width in bits and sign of the types that constants are cast to.
CASTS = {
    "SECURITY_STATUS": (32, True),
    "NTSTATUS": (32, True),
    "HRESULT": (32, True),
    "LONG": (32, True),
    "ULONG": (32, False),
    "DWORD": (32, False),
    "INT_PTR": (64, True),
    "ULONG_PTR": (64, False),
    "ULONGLONG": (64, False),
    "int": (32, True),
}
PRECEDENCE = {
    "||": 1, "&&": 2, "|": 3, "^": 4, "&": 5, "==": 6, "!=": 6, "<": 7, ">": 7, "<=": 7, ">=": 7,
    "<<": 8, ">>": 8, "+": 9, "-": 9, "*": 10, "/": 10, "%": 10,
}  # fmt: skip
TOKENS = re.compile(r"\s*(0[xX][0-9a-fA-F]+|\d+|\w+|\|\||&&|<<|>>|[<>=!]=|[-+*/%&|^~!<>()])")

Lookup = Callable[[str], "int | str | None"]


def tokenize_expression(text: str) -> list[str]:
    """The tokens of an expression; ValueError for anything that is none."""
    tokens, position = [], 0
    text = re.sub(r"\b(0[xX][0-9a-fA-F]+|\d+)[uUlL]+\b", r"\1", text.strip())
    while position < len(text):
        match = TOKENS.match(text, position)
        if match is None:
            raise ValueError(f"not an expression: {text}")
        tokens.append(match.group(1))
        position = match.end()
    return tokens


def evaluate(tokens: list[str], lookup: Lookup) -> int | None:
    """The value; None if a name in it has none. ValueError if this is no integer expression."""
    reader = _Reader(tokens, lookup)
    value = reader.binary(1)
    if reader.position != len(tokens):
        raise ValueError("not an expression: " + " ".join(tokens))
    return None if reader.unknown else value


class _Reader:
    def __init__(self, tokens: list[str], lookup: Lookup) -> None:
        self.tokens, self.lookup, self.position, self.unknown = tokens, lookup, 0, False

    def peek(self, ahead: int = 0) -> str:
        index = self.position + ahead
        return self.tokens[index] if index < len(self.tokens) else ""

    def take(self) -> str:
        token = self.peek()
        self.position += 1
        return token

    def binary(self, least: int) -> int:
        left = self.unary()
        while PRECEDENCE.get(self.peek(), 0) >= least:
            operator = self.take()
            left = _apply(operator, left, self.binary(PRECEDENCE[operator] + 1))
        return left

    def unary(self) -> int:
        token = self.take()
        if token in ("-", "~", "!", "+"):
            value = self.unary()
            return {"-": -value, "~": ~value, "!": int(not value), "+": value}[token]
        if token == "(" and self.peek() in CASTS and self.peek(1) == ")":
            bits, signed = CASTS[self.take()]
            self.take()
            return _fit(self.unary(), bits, signed)
        if token == "(":
            value = self.binary(1)
            if self.take() != ")":
                raise ValueError("no closing parenthesis")
            return value
        if re.match(r"\d", token):
            return int(token, 0) if not re.fullmatch(r"0\d+", token) else int(token, 8)
        return self.name(token)

    def name(self, token: str) -> int:
        if not re.match(r"[A-Za-z_]", token):
            raise ValueError(f"unexpected {token!r}")
        value = self.lookup(token)
        if not isinstance(value, int):
            self.unknown = True
            return 0
        return value


def _fit(value: int, bits: int, signed: bool) -> int:
    value &= (1 << bits) - 1
    return value - (1 << bits) if signed and value >> (bits - 1) else value


def _apply(operator: str, left: int, right: int) -> int:
    match operator:
        case "||":
            return int(bool(left) or bool(right))
        case "&&":
            return int(bool(left) and bool(right))
        case "|":
            return left | right
        case "^":
            return left ^ right
        case "&":
            return left & right
        case "<<":
            return left << right
        case ">>":
            return left >> right
        case "+":
            return left + right
        case "-":
            return left - right
        case "*":
            return left * right
        case "/":
            return left // right
        case "%":
            return left % right
    comparisons = {"==": left == right, "!=": left != right, "<": left < right, ">": left > right,
                   "<=": left <= right, ">=": left >= right}  # fmt: skip
    return int(comparisons[operator])
