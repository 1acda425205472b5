"""Write `.kis.yaml` files: what was read keeps its comments, unknown keys and words; what is new has our "
"form."""

from __future__ import annotations

import io
import os
import re
from collections.abc import Mapping
from difflib import SequenceMatcher
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

import yaml
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.representer import RoundTripRepresenter
from ruamel.yaml.scalarstring import DoubleQuotedScalarString

from kis_terminal.adapters.strategy_files.reader import StrategyDocument, read_text
from kis_terminal.domain.errors import StoreUnavailable
from kis_terminal.domain.sentences import Sentence
from kis_terminal.domain.strategy.contract import Parameter
from kis_terminal.domain.strategy.fixes import fixed
from kis_terminal.domain.strategy.form import Plain, backtester_form, builder_form, plain_form
from kis_terminal.domain.strategy.model import StrategySpec

_ALWAYS_QUOTED = ("version", "name", "description", "author", "created_at", "updated_at")
_WIDE = 4096
_LIST_ITEM = re.compile(r"^( *)([^ #\n][^\n]*):[ ]*\n( *)- ", re.MULTILINE)


def new_text(spec: StrategySpec) -> str:
    """Return a new file."""
    return plain_text(plain_form(spec))


def plain_text(plain: Mapping[str, Any]) -> str:
    """Return a new file of plain maps, which need not be a sound strategy."""
    return _dumped(_quoted(dict(plain)), offset=2)


def rewritten(document: StrategyDocument, spec: StrategySpec) -> str:
    """Return the document's text saying what `spec` says; only what differs is touched.

    Comments, unknown keys, the order and the words of everything else stay. Raises CorrectionNeeded for a
    document with errors.
    """
    before = document.sound()
    if spec == before:
        return document.text
    lines = document.text.replace("\r\n", "\n")
    root = _yaml(_offset(lines)).load(lines)
    _merge(root, plain_form(before), plain_form(spec))
    text = _dumped(root, _offset(lines))
    if "\r\n" in document.text:
        text = text.replace("\n", "\r\n")
    # Words that another YAML version takes for other values: the meaning goes before the comments.
    return text if read_text(text, document.name).spec == spec else new_text(spec)


def fixed_text(document: StrategyDocument) -> str:
    """Return the document with its conditions that can never be true mended (domain/strategy/fixes.py)."""
    return rewritten(document, fixed(document.sound()))


def text_for_builder(
    spec: StrategySpec, overrides: Mapping[str, Parameter] | None = None
) -> tuple[str, tuple[Sentence, ...]]:
    """Return a file for KIS's strategy builder, and what it will not do as written."""
    export = builder_form(spec, overrides)
    return _dumped(_quoted(export.plain), offset=2), export.losses


def text_for_backtester(spec: StrategySpec) -> tuple[str, tuple[Sentence, ...]]:
    """Return a file for KIS's backtester, and what it will not do as written."""
    export = backtester_form(spec)
    return _dumped(_quoted(export.plain), offset=2), export.losses


def save_file(path: Path, text: str) -> None:
    """Replace a file in one step; raises StoreUnavailable where it cannot be written."""
    temporary: str | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with NamedTemporaryFile("wb", dir=path.parent, prefix=f".{path.name}.", delete=False) as stream:
            temporary = stream.name
            stream.write(text.encode("utf-8"))
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(temporary, path)
    except OSError as error:
        if temporary is not None:
            Path(temporary).unlink(missing_ok=True)
        raise StoreUnavailable(
            Sentence("전략 파일을 저장하지 못했습니다: {path} ({reason})", path=path, reason=error.strerror)
        ) from error


class _Representer(RoundTripRepresenter):
    """Writes small and large numbers as YAML 1.1 reads them: `1.0e-05`, not `1e-05`, a text there."""

    def represent_float(self, data: float) -> Any:
        text = repr(data)
        mantissa, mark, exponent = text.partition("e")
        if mark and "." not in mantissa:
            text = f"{mantissa}.0e{exponent}"
        return self.represent_scalar("tag:yaml.org,2002:float", text)


def _yaml(offset: int) -> YAML:
    _Representer.add_representer(float, _Representer.represent_float)
    found = YAML(typ="rt", pure=True)
    found.Representer = _Representer
    found.preserve_quotes = True
    found.width = _WIDE
    found.allow_unicode = True
    found.indent(mapping=2, sequence=offset + 2, offset=offset)
    return found


def _dumped(root: Any, offset: int) -> str:
    stream = io.StringIO()
    _yaml(offset).dump(root, stream)
    return stream.getvalue()


def _offset(text: str) -> int:
    """Return how far a file sets its list marks in from the key above: 2 as the templates do, or 0."""
    found = _LIST_ITEM.search(text)
    return 2 if found is None or len(found[3]) > len(found[1]) else 0


def _quoted(plain: Any, key: str = "") -> Any:
    """Return what is written: texts that other programs would take for numbers or truth values in quotes."""
    if isinstance(plain, dict):
        return CommentedMap({_key(name): _quoted(value, name) for name, value in plain.items()})
    if isinstance(plain, (list, tuple)):
        return CommentedSeq([_quoted(value) for value in plain])
    if isinstance(plain, str) and (key in _ALWAYS_QUOTED or _is_mistaken(plain)):
        return DoubleQuotedScalarString(plain)
    return plain


def _key(name: str) -> str:
    return DoubleQuotedScalarString(name) if _is_mistaken(name) else name


def _is_mistaken(text: str) -> bool:
    """Tell whether a bare text would be read as something else by KIS's parser."""
    node = yaml.compose(yaml.safe_dump(text), Loader=yaml.SafeLoader)
    return isinstance(node, yaml.ScalarNode) and node.style is not None


def _merge(target: CommentedMap, before: Plain, after: Plain) -> None:
    """Carry the differences between two plain forms into what was read."""
    before, after = _as_written(target, before), _as_written(target, after)
    for key in [key for key in before if key not in after]:
        target.pop(key, None)
    for key, value in after.items():
        old, there = before.get(key), target.get(key)
        if key in before and old == value:
            continue
        if isinstance(value, dict) and isinstance(there, CommentedMap):
            _merge(there, old if isinstance(old, dict) else {}, value)
        elif isinstance(value, list) and isinstance(there, CommentedSeq) and isinstance(old, list):
            _merge_list(there, old, value)
        else:
            _set(target, key, _quoted(value, key))


def _set(target: CommentedMap, key: str, value: Any) -> None:
    """Set a key; empty lines that followed the last one follow a key that is added."""
    last = next(reversed(target), None)
    is_added = key not in target
    target[_key(key)] = value
    comments = target.ca.items.get(last) if is_added and not isinstance(value, (dict, list)) else None
    if comments and comments[2] is not None and comments[2].value.startswith("\n"):
        target.ca.items[key] = target.ca.items.pop(last)


def _merge_list(target: CommentedSeq, before: list[Any], after: list[Any]) -> None:
    if len(target) != len(before):
        target[:] = [_quoted(value) for value in after]
        return
    matcher = SequenceMatcher(
        None, [repr(one) for one in before], [repr(one) for one in after], autojunk=False
    )
    for kind, old_start, old_end, new_start, new_end in reversed(matcher.get_opcodes()):
        if kind == "equal":
            continue
        shared = min(old_end - old_start, new_end - new_start)
        for place in range(old_end - 1, old_start + shared - 1, -1):
            del target[place]
        for place in range(new_end - 1, new_start + shared - 1, -1):
            target.insert(old_start + shared, _quoted(after[place]))
        for place in range(shared):
            _merge_item(target, old_start + place, before[old_start + place], after[new_start + place])


def _merge_item(target: CommentedSeq, place: int, before: Any, after: Any) -> None:
    if isinstance(target[place], CommentedMap) and isinstance(before, dict) and isinstance(after, dict):
        _merge(target[place], before, after)
    else:
        target[place] = _quoted(after)


def _as_written(target: CommentedMap, plain: Plain) -> Plain:
    """Return a condition with its right side under the key that the file uses; anything else as it is."""
    if "operator" not in plain or "indicator" not in plain:
        return plain
    used = "value" if target.get("value") is not None else "compare_to"
    if used in target and used not in plain:
        other = "compare_to" if used == "value" else "value"
        return {used if key == other else key: value for key, value in plain.items()}
    return plain
