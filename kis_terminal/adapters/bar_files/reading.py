"""Read bars of a file or of every file under a folder; what was repaired or refused is in the result.

The symbol is the file's name, or a column where the file has one (a whole market in one file). Nothing here
raises for the content of a file; a path that does not exist raises CorrectionNeeded.
"""

from __future__ import annotations

import csv
import gzip
import re
import zlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from kis_terminal.adapters.bar_files.headers import ROLE_OF
from kis_terminal.adapters.bar_files.index_names import index_of_name
from kis_terminal.domain.bar_columns import Product, SeriesKey
from kis_terminal.domain.bar_import.assembling import (
    CleanedSymbol,
    Subject,
    cleaned,
    market_days,
    raw_files,
    series_of,
    united,
)
from kis_terminal.domain.bar_import.report import BarFiles, Finding, FindingKind, ImportedSeries, Notes
from kis_terminal.domain.bar_import.symbol_words import symbol_of
from kis_terminal.domain.bar_import.table import Layout, columns_of, layout_of, read_rows, sound_rows
from kis_terminal.domain.errors import CorrectionNeeded
from kis_terminal.domain.sentences import Sentence, sentence_of

_TEXT_FORMS = (".csv", ".txt", ".gz")
_PARQUET = ".parquet"
_CODE = re.compile(r"(?<![0-9A-Za-z])(Q\d{6}|\d[0-9A-Z]{5})(?![0-9A-Za-z])")
_CODE_LENGTHS = MappingProxyType({Product.STOCK: 6, Product.INDEX: 4})
_SHOWN_CODE = 20
_NAME_ABROAD = re.compile(r"[A-Z0-9][A-Z0-9.\-]{0,15}")
_LARGEST_FILE = 2 * 1024**3
_ROLE_WORDS = MappingProxyType(
    {
        "date": Sentence("날짜"),
        "open": Sentence("시가"),
        "high": Sentence("고가"),
        "low": Sentence("저가"),
        "close": Sentence("종가"),
        "volume": Sentence("거래량"),
    }
)


@dataclass(frozen=True, slots=True)
class _Reading:
    """How files are read: what they are of, and which symbol where neither name nor column tells it."""

    product: Product
    exchange: str
    symbol: str
    funds: Collection[str]


def read_bar_files(
    path: Path,
    *,
    product: Product = Product.STOCK,
    exchange: str = "",
    symbol: str = "",
    funds: Collection[str] = frozenset(),
) -> BarFiles:
    """Return every series in a file or folder; `symbol` names what a single file is of, over its own name.

    `funds` are the symbols known as ETF or ETN, whose ticks are others. Raises CorrectionNeeded where
    there is no such path, no file in it, or `symbol` is no code.
    """
    if not path.exists():
        raise CorrectionNeeded(Sentence("{path}: 그런 파일이나 폴더가 없습니다.", path=path))
    code = symbol_of(symbol, product)
    if symbol and not code:
        raise CorrectionNeeded(Sentence("'{text}'은(는) 종목코드가 아닙니다.", text=symbol))
    reading = _Reading(product, exchange, code, funds)
    files = sorted(_files_under(path)) if path.is_dir() else [path]
    if not files:
        raise CorrectionNeeded(
            Sentence("{path}: 폴더에 봉 파일이 없습니다(.csv, .csv.gz, .txt, .parquet).", path=path)
        )
    findings: list[Finding] = []
    symbols: list[CleanedSymbol] = []
    rows_read = 0
    for file in files:
        name = file.relative_to(path).as_posix() if path.is_dir() else file.name
        count, found = _read_file(file, name, reading, findings)
        rows_read += count
        symbols += found
    open_days = market_days([one for one in symbols if one.interval.minutes is None])
    are_raw = raw_files(symbols)
    series: dict[SeriesKey, ImportedSeries] = {}
    rows_kept = 0
    for one in symbols:
        made = series_of(one, open_days, is_of_raw_file=one.notes.file in are_raw)
        rows_kept += len(one.clean.rows.times)
        for key, item in made.items():
            rival = series.get(key)
            if rival is None:
                series[key] = item
                continue
            older, newer = sorted((rival, item), key=lambda one: int(one.bars.times[-1]))
            whole = united(older, newer)
            series[key] = newer if whole is None else whole
            if whole is None:
                dropped = Notes(older.file, key.symbol)
                dropped.add(FindingKind.OTHER_FILE_NEWER, newer.file)
                findings += dropped.findings()
        findings += one.notes.findings()
    return BarFiles(series, tuple(findings), len(files), rows_read, rows_kept)


def read_index_files(path: Path, code: str) -> BarFiles | None:
    """Return the bars of one index of a folder, whose name or code a file's name tells; None without one.

    A file that holds closes alone will do. Raises as `read_bar_files`.
    """
    files = sorted(_files_under(path)) if path.is_dir() else [path]
    named = [file for file in files if index_of_name(file.name.split(".")[0]) == code]
    found = [read_bar_files(file, product=Product.INDEX, symbol=code) for file in named]
    return next((one for one in found if one.series), found[0] if found else None)


def _files_under(folder: Path) -> list[Path]:
    return [
        file
        for file in folder.rglob("*")
        if file.is_file()
        and file.suffix.lower() in (*_TEXT_FORMS, _PARQUET)
        and not file.name.startswith(".")
    ]


def _read_file(
    file: Path, name: str, reading: _Reading, findings: list[Finding]
) -> tuple[int, list[CleanedSymbol]]:
    notes = Notes(name)
    try:
        if file.suffix.lower() == _PARQUET:
            from kis_terminal.adapters.bar_files.parquet import parquet_rows

            table = parquet_rows(file)
        else:
            table = _text_rows(file)
    except (OSError, EOFError, ValueError, csv.Error, zlib.error) as error:
        notes.add(FindingKind.FILE_UNREADABLE, _why(error))
        findings += notes.findings()
        return 0, []
    if not table:
        notes.add(FindingKind.NO_ROWS, "")
        findings += notes.findings()
        return 0, []
    layout = layout_of(table[0], ROLE_OF)
    found = _symbols_of(table, layout, reading, notes, findings)
    findings += notes.findings()
    return len(table) - layout.has_header, found


def _why(error: Exception) -> str:
    """Return what is wrong with a file in our words; those of libraries are English and change."""
    if isinstance(error, (EOFError, zlib.error, gzip.BadGzipFile)):
        return Sentence("압축이 깨졌거나 압축 파일이 아님")
    if isinstance(error, PermissionError):
        return Sentence("읽을 권한이 없음")
    if isinstance(error, OSError):
        return Sentence("장치나 파일 시스템의 오류 {code}", code=error.errno or "-")
    return sentence_of(error) if isinstance(sentence_of(error), Sentence) else Sentence("형식이 맞지 않음")


def _text_rows(file: Path) -> list[list[str]]:
    """Return the cells of every line that holds something."""
    if file.stat().st_size > _LARGEST_FILE:
        raise ValueError(Sentence("너무 큰 파일({size}바이트)", size=f"{file.stat().st_size:,}"))
    data = gzip.decompress(file.read_bytes()) if file.suffix.lower() == ".gz" else file.read_bytes()
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        text = data.decode("utf-16")
    else:
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = data.decode("cp949", errors="replace")
    first = text[: text.find("\n") + 1] or text
    delimiter = next((mark for mark in ("\t", ";") if mark in first and "," not in first), ",")
    return [row for row in csv.reader(text.splitlines(), delimiter=delimiter) if row and any(row)]


def _symbols_of(
    table: list[list[str]], layout: Layout, reading: _Reading, notes: Notes, findings: list[Finding]
) -> list[CleanedSymbol]:
    name = notes.file
    is_close_only = layout.is_close_only and reading.product is Product.INDEX and "date" in layout.places
    if layout.is_close_only and "date" in layout.places and not is_close_only:
        notes.add(FindingKind.CLOSES_ALONE, "")
        return []
    if layout.missing and not is_close_only:
        for role in layout.missing:
            notes.add(FindingKind.NO_COLUMNS, _ROLE_WORDS[role])
        return []
    rows = table[1:] if layout.has_header else table
    columns = columns_of(rows, layout)
    first_line = 2 if layout.has_header else 1
    lines = np.arange(first_line, first_line + len(rows), dtype=np.int64)
    fallback = reading.symbol or _symbol_in(name, reading)
    groups = _groups(columns.pop("symbol", None), fallback, reading.product, notes)
    if not groups:
        return []
    rows_of_all = read_rows(columns, lines, is_close_only=is_close_only)
    found = []
    for symbol, places in groups:
        one_notes = Notes(name, symbol)
        if is_close_only:
            one_notes.add(FindingKind.CLOSE_ONLY, "")
        raw = sound_rows(rows_of_all if places is None else rows_of_all.take(places), one_notes)
        is_fund = symbol in reading.funds or symbol.startswith("Q")
        subject = Subject(symbol, reading.product, reading.exchange, is_fund)
        one = cleaned(subject, raw, one_notes, is_close_only=is_close_only)
        if one is None:
            findings += one_notes.findings()
        else:
            found.append(one)
    return found


def _groups(
    codes: Sequence[str] | None, fallback: str, product: Product, notes: Notes
) -> list[tuple[str, NDArray[np.int64] | None]]:
    """Return each symbol with the rows that are its own; None for all of them."""
    distinct = set(codes) if codes is not None else set()
    if codes is None or not any(code.strip() for code in distinct):
        if not fallback:
            notes.add(FindingKind.NO_SYMBOL, "")
            return []
        return [(fallback, None)]
    if len(distinct) == 1 and fallback:
        return [(fallback, None)]
    places: dict[str, list[int]] = {}
    for place, code in enumerate(codes):
        places.setdefault(code, []).append(place)
    found: list[tuple[str, NDArray[np.int64] | None]] = []
    for code, at in places.items():
        symbol = code.strip()
        length = _CODE_LENGTHS.get(product, 0)
        if symbol.isdigit() and len(symbol) < length:
            notes.add(FindingKind.LEADING_ZEROS, symbol)
            symbol = symbol.zfill(length)
        known = symbol_of(symbol, product)
        if known:
            found.append((known, np.array(at, dtype=np.int64)))
        elif symbol:
            notes.add(FindingKind.NO_CODE, symbol[:_SHOWN_CODE], len(at))
    return found


def _symbol_in(name: str, reading: _Reading) -> str:
    stem = Path(name).name.split(".")[0]
    if reading.product is Product.OVERSEAS:
        plain = stem.removesuffix("_D").upper()
        return plain if _NAME_ABROAD.fullmatch(plain) else ""
    if reading.product is Product.INDEX:
        return index_of_name(stem)
    match = _CODE.search(stem.replace("_", " ").upper())
    if match is None and reading.product is Product.STOCK and re.fullmatch(r"A\d{6}", stem):
        return stem[1:]
    return match[1] if match is not None else ""
