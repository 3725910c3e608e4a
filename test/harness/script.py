"""Splits SQL scripts into statements the way psql does."""

import dataclasses
import re
from collections.abc import Iterator


@dataclasses.dataclass(frozen=True)
class ScriptStatement:
    line: int
    sql: str
    # What follows `COPY … FROM STDIN;` up to a line `\.`; None for other statements.
    copy_data: bytes | None = None
    # True if an ORDER BY stands outside all parentheses, so that the order of rows is promised.
    is_ordered: bool = False


_TOKEN = re.compile(
    r"""
      (?P<line_comment>--[^\n]*)
    | (?P<block_comment>/\*)
    | (?P<escape_string>[eE]'(?:[^'\\]|\\.|'')*')
    | (?P<string>'(?:[^']|'')*')
    | (?P<identifier>"(?:[^"]|"")*")
    | (?P<dollar>\$(?:[A-Za-z_][A-Za-z_0-9]*)?\$)
    | (?P<word>[A-Za-z_][A-Za-z_0-9$]*)
    | (?P<other>.)
    """,
    re.VERBOSE | re.DOTALL,
)
_COPY_IN = re.compile(r"\s*copy\b.*\bfrom\s+stdin\b", re.IGNORECASE | re.DOTALL)


def split_script(text: str) -> Iterator[ScriptStatement]:
    """Yields the statements of a script without their semicolons; comments stay inside."""
    position = 0
    start: int | None = None
    depth = 0
    previous_word = ""
    is_ordered = False
    while position < len(text):
        match = _TOKEN.match(text, position)
        assert match is not None
        kind, token, end = match.lastgroup, match[0], match.end()
        if kind == "block_comment":
            end = _skip_block_comment(text, position)
        elif kind == "dollar":
            close = text.find(token, end)
            end = len(text) if close < 0 else close + len(token)
        is_blank = token.isspace() or kind in ("line_comment", "block_comment")
        if start is None and not is_blank and token != ";":
            start, depth, is_ordered = position, 0, False
        if token in "([":
            depth += 1
        elif token in ")]":
            depth -= 1
        elif kind == "word":
            word = token.lower()
            is_ordered |= depth == 0 and previous_word == "order" and word == "by"
            previous_word = word
        if token == ";" and start is not None:
            sql = text[start:position]
            data, end = _copy_data(text, sql, end)
            yield ScriptStatement(text.count("\n", 0, start) + 1, sql, data, is_ordered)
            start = None
        position = end
    if start is not None:
        yield ScriptStatement(text.count("\n", 0, start) + 1, text[start:].rstrip(), None, is_ordered)


def _skip_block_comment(text: str, position: int) -> int:
    """Behind the comment that opens at `position`; comments nest."""
    depth = 0
    for match in re.compile(r"/\*|\*/").finditer(text, position):
        depth += 1 if match[0] == "/*" else -1
        if depth == 0:
            return match.end()
    return len(text)


def _copy_data(text: str, sql: str, end: int) -> tuple[bytes | None, int]:
    if not _COPY_IN.match(sql):
        return None, end
    newline = text.index("\n", end) + 1
    close = text.index("\\.\n", newline)
    return text[newline:close].encode(), close + 3
