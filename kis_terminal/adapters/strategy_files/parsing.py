"""Text of a `.kis.yaml` to a tree of values with lines; nothing in a file can run or grow without bounds.

PyYAML's safe words decide what a value is, since KIS's own programs read with them: `on` is true, `1.0` a
number. Only plain values are ever made.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import yaml

from kis_terminal.domain.sentences import Sentence
from kis_terminal.domain.strategy.problems import Findings
from kis_terminal.domain.strategy.tree import Entry, Leaf, Listing, Node, Table

MAX_BYTES = 256 * 1024
_MAX_EVENTS, _MAX_DEPTH, _MAX_ALIASES, _MAX_NODES = 40_000, 20, 50, 20_000
_BYTE_ORDER_MARKS = (b"\xff\xfe", b"\xfe\xff")
_PLAIN_TAGS = frozenset({"tag:yaml.org,2002:map", "tag:yaml.org,2002:seq"})
_MERGE_TAG = "tag:yaml.org,2002:merge"


class Unreadable(Exception):
    """The text has no tree; the findings say why."""


def decoded(content: bytes, findings: Findings) -> str:
    """Return a file's text without a byte-order mark; raises Unreadable."""
    if len(content) > MAX_BYTES:
        findings.error(
            1,
            "too-large",
            Sentence(
                "파일이 너무 큽니다({size:,}바이트). 전략 파일은 {limit:,}바이트까지입니다.",
                size=len(content),
                limit=MAX_BYTES,
            ),
        )
        raise Unreadable
    if content.startswith(_BYTE_ORDER_MARKS):
        findings.error(
            1, "encoding", Sentence("파일이 UTF-16으로 저장되어 있습니다. UTF-8로 다시 저장하십시오.")
        )
        raise Unreadable
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        findings.error(line, "encoding", _encoding(content))
        raise Unreadable from None


def parsed(text: str, findings: Findings) -> Node:
    """Return the tree of one document; raises Unreadable after the reasons were added to `findings`."""
    try:
        _measure(text, findings)
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        _tell_syntax(error, text, findings)
        raise Unreadable from None
    except yaml.reader.ReaderError as error:
        line = text[: error.position].count("\n") + 1
        findings.error(line, "syntax", Sentence("파일에 쓸 수 없는 제어 문자가 들어 있습니다."))
        raise Unreadable from None
    if root is None:
        findings.error(1, "empty", Sentence("파일이 비어 있습니다."))
        raise Unreadable
    builder = _Builder(findings)
    tree = builder.node(root, ())
    if builder.is_broken:
        raise Unreadable
    return tree


def _measure(text: str, findings: Findings) -> None:
    """Refuse what would be deep, endless or many before anything is built of it."""
    depth = aliases = documents = 0
    for count, event in enumerate(yaml.parse(text, Loader=yaml.SafeLoader)):
        line = event.start_mark.line + 1 if event.start_mark else 1
        if isinstance(event, (yaml.MappingStartEvent, yaml.SequenceStartEvent)):
            depth += 1
        elif isinstance(event, (yaml.MappingEndEvent, yaml.SequenceEndEvent)):
            depth -= 1
        aliases += isinstance(event, yaml.AliasEvent)
        documents += isinstance(event, yaml.DocumentStartEvent)
        if documents > 1:
            findings.error(
                line, "documents", Sentence("문서가 둘 이상입니다. 한 파일에 전략 하나만 두십시오.")
            )
            raise Unreadable
        if depth > _MAX_DEPTH or aliases > _MAX_ALIASES or count > _MAX_EVENTS:
            findings.error(
                line, "too-large", Sentence("파일이 전략 파일치고는 너무 깊거나 반복이 많아 읽지 않습니다.")
            )
            raise Unreadable


class _Builder:
    """Turns composed nodes into the tree; counts, so that aliases of aliases cannot blow it up."""

    def __init__(self, findings: Findings) -> None:
        self._findings = findings
        self._count = 0
        self._words = yaml.constructor.SafeConstructor()
        self.is_broken = False

    def node(self, node: yaml.Node, above: tuple[yaml.Node, ...]) -> Node:
        """Return a node of the tree; what cannot be one is reported and becomes null."""
        self._count += 1
        line = node.start_mark.line + 1
        if self._count > _MAX_NODES or any(node is one for one in above):
            self._refuse(
                line, "too-large", Sentence("파일이 전략 파일치고는 너무 깊거나 반복이 많아 읽지 않습니다.")
            )
            raise Unreadable
        if isinstance(node, yaml.ScalarNode):
            return self._leaf(node, line)
        if node.tag not in _PLAIN_TAGS:
            self._refuse(line, "tag", Sentence("'{tag}' 꼬리표는 쓸 수 없습니다.", tag=_short(node.tag)))
        inside = (*above, node)
        if isinstance(node, yaml.SequenceNode):
            return Listing(line, tuple(self.node(one, inside) for one in node.value))
        return Table(line, tuple(self._entries(node, inside)))

    def _entries(self, node: Any, inside: tuple[yaml.Node, ...]) -> list[Entry]:
        entries: dict[str, Entry] = {}
        merged: list[Entry] = []
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            value = self.node(value_node, inside)
            if key_node.tag == _MERGE_TAG:
                merged += _merged(value)
                continue
            key = self.node(key_node, inside)
            word = key.value if isinstance(key, Leaf) else None
            if word is None:
                self._refuse(line, "key", Sentence("키는 글자여야 합니다."))
                continue
            word = str(word)
            if word in entries:
                self._refuse(
                    line,
                    "duplicate-key",
                    Sentence(
                        "키 '{key}'이(가) 두 번 나옵니다({first}행과 {line}행). 하나를 지우십시오.",
                        key=word,
                        first=entries[word].line,
                        line=line,
                    ),
                )
                continue
            entries[word] = Entry(line, word, value)
        for entry in merged:
            entries.setdefault(entry.key, entry)
        return list(entries.values())

    def _leaf(self, node: yaml.ScalarNode, line: int) -> Leaf:
        try:
            value = self._words.construct_object(node)
        except (yaml.constructor.ConstructorError, ValueError, OverflowError):
            self._refuse(
                line,
                "value",
                Sentence(
                    "값 '{value}'을(를) 읽을 수 없습니다. 문자열이라면 따옴표로 묶으십시오.",
                    value=node.value[:40],
                ),
            )
            return Leaf(line, None)
        if isinstance(value, date):
            value = value.isoformat()
        if value is None or isinstance(value, (str, bool, float)):
            return Leaf(line, value)
        if isinstance(value, int) and abs(value) < 10**15:
            return Leaf(line, value)
        self._refuse(
            line,
            "value",
            Sentence(
                "값 '{value}'을(를) 읽을 수 없습니다. 문자열이라면 따옴표로 묶으십시오.",
                value=node.value[:40],
            ),
        )
        return Leaf(line, None)

    def _refuse(self, line: int, code: str, sentence: Sentence) -> None:
        self.is_broken = True
        self._findings.error(line, code, sentence)


def _merged(value: Node) -> list[Entry]:
    """Return the entries that a `<<` key brings in."""
    if isinstance(value, Table):
        return list(value.entries)
    if isinstance(value, Listing):
        return [entry for one in value.nodes if isinstance(one, Table) for entry in one.entries]
    return []


def _tell_syntax(error: yaml.MarkedYAMLError, text: str, findings: Findings) -> None:
    mark = error.problem_mark or error.context_mark
    line = mark.line + 1 if mark else 1
    lines = text.split("\n")
    if "\t" in (error.problem or "") or (
        line <= len(lines) and lines[line - 1].startswith((" ", "\t")) and "\t" in _indent(lines[line - 1])
    ):
        findings.error(line, "tab", Sentence("들여쓰기에 탭을 쓸 수 없습니다. 빈칸으로 바꾸십시오."))
        return
    findings.error(
        line,
        "syntax",
        Sentence(
            "YAML 문법 오류: {reason}. 따옴표, 쌍점, 들여쓰기를 살펴보십시오.",
            reason=error.problem or error.context or "?",
        ),
    )


def _indent(line: str) -> str:
    return line[: len(line) - len(line.lstrip())]


def _encoding(content: bytes) -> Sentence:
    try:
        content.decode("cp949")
    except UnicodeDecodeError:
        return Sentence("파일이 UTF-8 글자가 아닙니다. UTF-8로 저장하십시오.")
    return Sentence(
        "파일이 CP949(EUC-KR, 메모장의 ANSI)로 저장되어 있습니다. UTF-8로 다시 저장하십시오. KIS의 "
        "프로그램도 "
        "UTF-8만 읽습니다."
    )


def _short(tag: str) -> str:
    return tag.replace("tag:yaml.org,2002:", "!!")
