"""Read a flat YAML file of texts: the form of KIS's own `kis_devlp.yaml`.

Nothing is interpreted: `01234567` stays the text it is, no tag builds an object, no alias is followed.
The yaml library is imported only when there is a file to read.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

MAXIMUM_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong, as a sentence in both languages; never holds a secret."""

    korean: str
    english: str

    def text(self, language: str) -> str:
        """Return the sentence in `language` (`ko` or `en`)."""
        return self.english if language == "en" else self.korean


@dataclass(frozen=True, slots=True)
class Entry:
    """One value and where it was written, e.g. `kis_devlp.yaml:12`."""

    value: str
    place: str


@dataclass(slots=True)
class FlatFile:
    """What a file said, and everything that was wrong with it."""

    entries: dict[str, Entry] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)


def read_flat_yaml(path: Path) -> FlatFile:
    """Read `path`; problems are collected with line numbers, never raised."""
    result = FlatFile()
    try:
        with path.open("rb") as file:
            raw = file.read(MAXIMUM_BYTES + 1)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        result.problems.append(
            Problem(
                f"설정 파일 {path}을(를) 읽을 수 없습니다({reason}). 경로와 권한을 확인하세요.",
                f"Settings file {path} cannot be read ({reason}). Check its path and permissions.",
            )
        )
        return result
    if len(raw) > MAXIMUM_BYTES:
        result.problems.append(
            Problem(
                f"설정 파일 {path}이(가) {MAXIMUM_BYTES // 1024}KB보다 큽니다. kis_devlp.yaml이 맞는지 "
                "확인하세요.",
                f"Settings file {path} is larger than {MAXIMUM_BYTES // 1024} KB. Check that it is a "
                "kis_devlp.yaml.",
            )
        )
        return result
    text = decode_text(raw)
    if text is None:
        result.problems.append(
            Problem(
                f"설정 파일 {path}의 문자 인코딩을 알 수 없습니다. UTF-8로 다시 저장하세요.",
                f"Settings file {path} is in an unknown encoding. Save it again as UTF-8.",
            )
        )
        return result
    _read_events(path, text, result)
    return result


def decode_text(raw: bytes) -> str | None:
    """Return the text of a file that an editor of Korean Windows may have written, None if it is no text."""
    is_utf16 = raw.startswith((b"\xff\xfe", b"\xfe\xff"))
    for encoding in ("utf-16",) if is_utf16 else ("utf-8-sig", "cp949"):
        try:
            text = raw.decode(encoding)
        except UnicodeDecodeError:
            continue
        return None if "\x00" in text else text
    return None


def _read_events(path: Path, text: str, result: FlatFile) -> None:
    import yaml

    def complain(line: int, korean: str, english: str) -> None:
        result.problems.append(Problem(f"{path} {line}번째 줄: {korean}", f"{path} line {line}: {english}"))

    depth = 0
    is_document_seen = False
    key: tuple[str, int] | None = None
    try:
        for event in yaml.parse(text, Loader=yaml.BaseLoader):
            line = event.start_mark.line + 1 if event.start_mark is not None else 1
            if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None) is not None:
                complain(
                    line,
                    "별칭(&, *)은 쓸 수 없습니다. 값을 직접 적거나 따옴표로 감싸세요.",
                    "anchors and aliases (&, *) are not allowed. Write the value itself or put it in quotes.",
                )
                return
            if getattr(event, "tag", None) is not None:
                complain(
                    line,
                    "형식 지정(!)은 쓸 수 없습니다. 값을 따옴표로 감싸세요.",
                    "tags (!) are not allowed. Put the value in quotes.",
                )
                return
            if isinstance(event, yaml.DocumentStartEvent):
                if is_document_seen:
                    complain(
                        line,
                        "문서가 둘 이상입니다('---'). 하나만 남기세요.",
                        "more than one document ('---'). Keep one.",
                    )
                    return
                is_document_seen = True
            elif isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
                depth += 1
                if depth > 1 or isinstance(event, yaml.SequenceStartEvent):
                    name = f" '{key[0]}'" if key is not None else ""
                    complain(
                        line,
                        f"값{name}은(는) 한 줄 글자여야 합니다(목록이나 묶음이 아님). '이름: \"값\"'으로 "
                        "적으세요.",
                        f"value{name} must be one text, not a list or group. Write 'name: \"value\"'.",
                    )
                    return
            elif isinstance(event, yaml.MappingEndEvent):
                depth -= 1
            elif isinstance(event, yaml.ScalarEvent):
                if depth == 0:
                    complain(
                        line,
                        "'이름: 값' 형식이 아닙니다. kis_devlp.yaml.example을 참고하세요.",
                        "this is not 'name: value'. See kis_devlp.yaml.example.",
                    )
                    return
                if key is None:
                    key = (event.value.strip(), line)
                    continue
                name_text, key_line = key
                key = None
                if name_text in result.entries:
                    complain(
                        key_line,
                        f"'{name_text}'이(가) 두 번 있습니다. 하나만 남기세요.",
                        f"'{name_text}' stands twice. Keep one.",
                    )
                    continue
                is_nothing = event.style is None and event.value.lower() in ("", "~", "null")
                value = "" if is_nothing else event.value.strip()
                result.entries[name_text] = Entry(value, f"{path.name}:{key_line}")
    except yaml.YAMLError as error:
        # The mark's snippet of the library's own text may show a secret; only the line number is used.
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark is not None else _line_of_bad_character(text, error)
        written = text.splitlines()[line - 1] if line <= len(text.splitlines()) else ""
        if "\t" in written:
            complain(
                line,
                "탭 문자가 있습니다. 빈칸으로 바꾸세요.",
                "there is a tab character. Replace it by spaces.",
            )
        else:
            complain(
                line,
                "YAML 문법이 맞지 않습니다. 따옴표의 짝과 ':' 뒤의 빈칸을 확인하세요.",
                "this is not valid YAML. Check that quotes are closed and that a space follows ':'.",
            )


def _line_of_bad_character(text: str, error: Exception) -> int:
    position = getattr(error, "position", 0)
    return text.count("\n", 0, position) + 1 if isinstance(position, int) else 1
