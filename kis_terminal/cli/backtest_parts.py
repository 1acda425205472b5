"""Strategy files, engine and reports put together: what the worker of the panel and the command both use."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kis_terminal.adapters.strategy_files.python_files import FULL_RIGHTS, examine, strategy_class
from kis_terminal.adapters.strategy_files.reader import StrategyDocument, read_file, read_text
from kis_terminal.adapters.strategy_files.trust import TRUST_FILE, TrustStore
from kis_terminal.cli.strategy_sources import load_source
from kis_terminal.domain.backtest import BacktestRequest, BacktestResult, StrategySource
from kis_terminal.domain.backtest_work import (
    BarSet,
    ReportForm,
    RunSweep,
    RunWalkForward,
    Stage,
    StrategyProblem,
    StrategySheet,
    WorkProgress,
)
from kis_terminal.domain.errors import CorrectionNeeded
from kis_terminal.domain.sentences import Sentence, sentence_of
from kis_terminal.domain.strategy.binding import bind
from kis_terminal.domain.strategy.contract import ParameterRule
from kis_terminal.domain.strategy.model import StrategySpec
from kis_terminal.domain.sweeps import SweepResult, WalkForwardResult
from kis_terminal.resource_files import resource_path
from kis_terminal.services.backtest.run import Runnable, run_backtest

if TYPE_CHECKING:
    # The compiled engine costs a second: not before something is swept.
    from kis_terminal.services.backtest.sweep_bench import SweepBench

Tell = Callable[[WorkProgress], None]
PRESET_SUFFIX = ".kis.yaml"


def preset_files() -> dict[str, Path]:
    """Return the shipped strategies by their short name (`golden_cross`)."""
    try:
        folder = resource_path("strategies")
    except FileNotFoundError:
        return {}
    return {path.name.removesuffix(PRESET_SUFFIX): path for path in sorted(folder.glob(f"*{PRESET_SUFFIX}"))}


def find_strategy(word: str) -> Path:
    """Return the file that a path or a preset means; raises CorrectionNeeded with the names there are."""
    path = Path(word).expanduser()
    if path.is_file():
        return path
    presets = preset_files()
    name = word.removesuffix(PRESET_SUFFIX)
    if name in presets:
        return presets[name]
    raise CorrectionNeeded(
        Sentence(
            "전략 '{word}'이(가) 없습니다. 파일의 위치를 확인하거나 다음 가운데 하나를 적으십시오: {names}",
            word=word,
            names=", ".join(presets) or "-",
        )
    )


def open_strategy(word: str, data_folder: Path | None = None) -> StrategySheet:
    """Read a file or a preset; raises CorrectionNeeded where there is none to read.

    `data_folder` is where the contents of Python files are listed that a person has trusted; without it, and
    for any other content, no Python is run.
    """
    path = find_strategy(word)
    if path.suffix == ".py":
        return _python_sheet(path, data_folder)
    sheet = sheet_of(read_file(path))
    return _translatable(sheet) if path in preset_files().values() else sheet


def describe(source: StrategySource) -> StrategySheet:
    """Read the text of a rule strategy; what is wrong with it stands in the sheet."""
    return sheet_of(read_text(source.text, source.name))


def _python_sheet(path: Path, data_folder: Path | None) -> StrategySheet:
    """Show a Python file: with its parameters where its content is trusted, else with why it does not run."""
    file = examine(path)
    source = StrategySource(file.name, file.text, "python")
    problems = [StrategyProblem(None, "warning", warning) for warning in file.warnings]
    is_trusted = data_folder is not None and TrustStore(data_folder / TRUST_FILE).is_trusted(file.digest)
    if not is_trusted:
        sentence = Sentence(
            "{rights} 실행하려면 먼저 "
            "`kis-terminal strategy trust {path} --env {environment}`로 믿는다고 하십시오.",
            rights=FULL_RIGHTS,
            path=path,
            environment=data_folder.name if data_folder is not None else "sim",  # a folder each
        )
        problems.insert(0, StrategyProblem(None, "error", sentence))
        return StrategySheet(source, file.name, problems=problems)
    strategy = strategy_class(file.name, file.text)
    title = strategy.name or file.name
    source = replace(source, title=title)
    description = (strategy.__doc__ or "").strip().partition("\n")[0]
    return StrategySheet(source, title, description, strategy.parameter_rules, problems)


def sheet_of(document: StrategyDocument) -> StrategySheet:
    """Return what a person sees of a file that was read."""
    spec = document.spec
    problems = [
        StrategyProblem(found.line, str(found.severity), found.sentence) for found in document.problems
    ]
    source = StrategySource(document.name, document.text)
    if spec is None:
        return StrategySheet(source, document.name, problems=problems)
    try:
        bind(spec)
    except CorrectionNeeded as error:
        problems.append(StrategyProblem(None, "error", sentence_of(error)))
    source = replace(source, title=spec.name)
    return StrategySheet(source, spec.name, spec.metadata.description, _rules(spec), problems)


def _translatable(sheet: StrategySheet) -> StrategySheet:
    """Return the sheet of a shipped strategy with words that can be said in another language."""
    parameters = [replace(rule, description=Sentence(rule.description)) for rule in sheet.parameters]
    return replace(
        sheet, title=Sentence(sheet.title), description=Sentence(sheet.description), parameters=parameters
    )


def _rules(spec: StrategySpec) -> list[ParameterRule]:
    rules = []
    for parameter in spec.params.values():
        default = parameter.default if parameter.default is not None else parameter.minimum
        if default is None:
            continue
        is_int = parameter.type == "int" or (parameter.type is None and isinstance(default, int))
        rules.append(
            ParameterRule(
                parameter.name,
                int(default) if is_int and not isinstance(default, str | bool) else default,
                parameter.minimum,
                parameter.maximum,
                parameter.step,
                parameter.description,
            )
        )
    return rules


def read_runnable(source: StrategySource) -> Runnable:
    """Return what the engine runs; raises CorrectionNeeded."""
    return load_source(source.name, source.text, source.kind)


def run(request: BacktestRequest, bars: BarSet, tell: Tell) -> BacktestResult:
    """Run once; `bars` holds its columns. Raises CorrectionNeeded."""
    return run_backtest(
        request,
        bars.columns or {},
        read_runnable(request.strategy),
        instruments=bars.instruments,
        reports=bars.reports,
        progress=lambda done, total: tell(WorkProgress(Stage.RUN, done, total)),
    )


def sweep(work: RunSweep, bars: BarSet, tell: Tell, bench: SweepBench | None = None) -> SweepResult:
    """Try combinations of parameters; `bars` holds its columns. Raises TerminalError.

    A `bench` keeps workers and bars for the next sweep.
    """
    with _bench(bench) as used:
        return used.sweep(
            work.request,
            bars.token,
            bars.columns or {},
            bars.instruments,
            address=work.scheduler,
            progress=lambda done, total: tell(WorkProgress(Stage.SWEEP, done, total)),
        )


def walk_forward(
    work: RunWalkForward, bars: BarSet, tell: Tell, bench: SweepBench | None = None
) -> WalkForwardResult:
    """Sweep in windows and test behind them; `bars` holds its columns. Raises TerminalError."""
    with _bench(bench) as used:
        return used.walk_forward(
            work.request,
            bars.token,
            bars.columns or {},
            bars.instruments,
            address=work.scheduler,
            progress=lambda done, total: tell(WorkProgress(Stage.WALK, done, total)),
        )


def best_request(found: SweepResult) -> BacktestRequest:
    """Return the run of a sweep's best combination; the base where none has the target."""
    from kis_terminal.services.backtest.sweep_job import request_of

    base = found.request.base
    if found.best is None:
        return base
    return request_of(base, read_runnable(base.strategy), found.rows[found.best].parameters)


def a_bench() -> SweepBench:
    """Return what runs sweeps and keeps its workers warm; importing it brings the compiled engine."""
    from kis_terminal.services.backtest.sweep_bench import SweepBench

    return SweepBench(read_runnable)


@contextmanager
def _bench(bench: SweepBench | None) -> Iterator[SweepBench]:
    used = bench or a_bench()
    try:
        yield used
    finally:
        if bench is None:
            used.close()


def write_report(
    result: BacktestResult,
    form: ReportForm,
    path: Path,
    translated: Callable[[str], str] | None = None,
) -> Path:
    """Write a result, in Korean unless a translator of templates is given.

    Raises CorrectionNeeded where the place cannot be written.
    """
    words = {} if translated is None else {"translated": translated}
    try:
        match form:
            case ReportForm.HTML:
                from kis_terminal.services.backtest.report.html import write_html

                write_html(result, path, **words)
            case ReportForm.CSV:
                from kis_terminal.services.backtest.report.csv_files import write_csv

                path.mkdir(parents=True, exist_ok=True)
                write_csv(result, path, **words)
            case ReportForm.XLSX:
                from kis_terminal.services.backtest.report.workbook import write_xlsx

                write_xlsx(result, path, **words)
            case ReportForm.JSON:
                from kis_terminal.services.backtest.report.json_form import to_json

                write_json(to_json(result), path)
    except OSError as error:
        raise CorrectionNeeded(
            Sentence("{path}에 쓸 수 없습니다: {why}", path=path, why=error.strerror or type(error).__name__)
        ) from error
    return path


def write_json(told: Mapping[str, Any], path: Path) -> None:
    """Write an object as JSON, the whole of it or nothing; raises CorrectionNeeded."""
    from kis_terminal.services.backtest.report.files import write_whole

    text = json.dumps(told, ensure_ascii=False, indent=1, allow_nan=False)
    try:
        write_whole(path, text.encode() + b"\n")
    except OSError as error:
        raise CorrectionNeeded(
            Sentence("{path}에 쓸 수 없습니다: {why}", path=path, why=error.strerror or type(error).__name__)
        ) from error
