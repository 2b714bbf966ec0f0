# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The syntax of an nginx configuration file: text to directives, by nginx's own rules. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

_SPACE = " \t\r\n"
_ESCAPED = {'"': '"', "'": "'", "\\": "\\", "t": "\t", "r": "\r", "n": "\n"}


class SyntaxProblem(Exception):
    """The text is not what nginx would accept; says where."""


@dataclass(frozen=True)
class Directive:
    """One directive. line: where its name begins. end_line: its semicolon or closing brace. block: None without one."""

    name: str
    args: tuple[str, ...]
    file: str
    line: int
    end_line: int
    block: tuple[Directive, ...] | None = None

    @property
    def place(self) -> str:
        """Give file:line."""
        return f"{self.file}:{self.line}"


class _Token(NamedTuple):
    """kind: word, or one of the marks ; { }."""

    kind: str
    text: str
    line: int


class _Reader:
    """The text with a position, and the line that is at."""

    def __init__(self, text: str, file: str) -> None:
        self.text, self.file, self.at, self.line = text, file, 0, 1

    def peek(self) -> str:
        return self.text[self.at : self.at + 1]

    def take(self) -> str:
        char = self.peek()
        self.at += 1
        if char == "\n":
            self.line += 1
        return char

    def fail(self, what: str, line: int) -> SyntaxProblem:
        return SyntaxProblem(f"{self.file}:{line}: {what}")

    def token(self) -> _Token | None:
        """Give the next token; None at the end of the text."""
        self._skip()
        char, line = self.peek(), self.line
        if not char:
            return None
        if char in ";{}":
            return _Token(self.take(), char, line)
        if char in "\"'":
            return _Token("word", self._quoted(self.take()), line)
        return _Token("word", self._bare(), line)

    def _skip(self) -> None:
        while (char := self.peek()) and (char in _SPACE or char == "#"):
            if self.take() == "#":
                while self.peek() not in ("", "\n"):
                    self.take()

    def _escape(self) -> str:
        """Give what a backslash (already taken) and the next character mean."""
        char = self.take()
        return _ESCAPED.get(char, "\\" + char)

    def _quoted(self, quote: str) -> str:
        line = self.line
        found: list[str] = []
        while char := self.take():
            if char == quote:
                return "".join(found)
            found.append(self._escape() if char == "\\" else char)
        raise self.fail("the quote is never closed", line)

    def _bare(self) -> str:
        """A word without quotes: ends at a space, ; or {, but not at the { of ${name}."""
        found: list[str] = []
        variable = False
        while (char := self.peek()) and char not in _SPACE and char != ";":
            if char == "{" and not variable:
                break
            variable = char == "$"
            self.take()
            found.append(self._escape() if char == "\\" else char)
        return "".join(found)

    def raw_block(self) -> None:
        """Go behind the brace that closes a block of foreign code (Lua), whose { was taken."""
        line, depth = self.line, 1
        while char := self.take():
            if char in "\"'":
                self._quoted(char)
            elif char == "-" and self.text.startswith("-", self.at):
                while self.peek() not in ("", "\n"):
                    self.take()
            depth += (char == "{") - (char == "}")
            if depth == 0:
                return
        raise self.fail("the block is never closed", line)


def parse_file(text: str, file: str = "") -> tuple[Directive, ...]:
    """Give the directives of one file, its includes not followed. SyntaxProblem when nginx would not read it."""
    reader = _Reader(text, file)
    return _block(reader, opened=0)


def _block(reader: _Reader, opened: int) -> tuple[Directive, ...]:
    """Read directives up to the closing brace of the block opened at that line, or to the end of the text (0)."""
    found: list[Directive] = []
    while (token := reader.token()) is not None:
        if token.kind == "}":
            if not opened:
                raise reader.fail('unexpected "}"', token.line)
            return tuple(found)
        if token.kind != "word":
            raise reader.fail(f'unexpected "{token.text}"', token.line)
        found.append(_directive(reader, token))
    if opened:
        raise reader.fail("the block is never closed", opened)
    return tuple(found)


def _directive(reader: _Reader, name: _Token) -> Directive:
    args: list[str] = []
    while (token := reader.token()) is not None:
        if token.kind == "word":
            args.append(token.text)
        elif token.kind == ";":
            return Directive(name.text, tuple(args), reader.file, name.line, token.line)
        elif token.kind == "{":
            block: tuple[Directive, ...] = ()
            if name.text.endswith("_by_lua_block"):
                reader.raw_block()
            else:
                block = _block(reader, token.line)
            return Directive(name.text, tuple(args), reader.file, name.line, reader.line, block)
        else:
            break
    raise reader.fail(f'"{name.text}" is not ended by ";"', name.line)
