"""Open the window on Qt's loop, run until it closes, and give the exit code."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import signal
import sys
from collections.abc import Callable, Iterator
from contextvars import Context, copy_context
from pathlib import Path

import qasync
from PySide6.QtGui import QGuiApplication, QIcon, QSessionManager
from PySide6.QtWidgets import QApplication

from kis_terminal import __version__
from kis_terminal.account_files import account_file
from kis_terminal.adapters.kis.kept_config import KeptConfig
from kis_terminal.adapters.simulator.process import ExchangeProcess
from kis_terminal.adapters.storage.exchange_address import ExchangeEntrance, remove_entrance, write_entrance
from kis_terminal.adapters.storage.instance_lock import InstanceLock
from kis_terminal.adapters.storage.workspace import FileWorkspaceStore
from kis_terminal.domain.environment import Environment
from kis_terminal.domain.errors import TerminalError
from kis_terminal.log import Logging, set_up_logging
from kis_terminal.options import Options
from kis_terminal.resource_files import resource_path
from kis_terminal.services.preferences import Preferences
from kis_terminal.services.tasks import URGENT
from kis_terminal.settings import WORKSPACE_FILE, Settings
from kis_terminal.terminal import Terminal
from kis_terminal.ui.crash import CrashDesk
from kis_terminal.ui.main_window import MainWindow
from kis_terminal.ui.qt_messages import forward_qt_messages
from kis_terminal.ui.ready_queue import ReadyQueue
from kis_terminal.ui.theme import Theme
from kis_terminal.ui.translation import said, said_in_log, set_language, tr
from kis_terminal.ui.window_choices import chosen_theme

log = logging.getLogger(__name__)

_SWITCH_SECONDS = 0.0005
_SETTLED_SECONDS = 3.0
"""After the start: by then everything that lives to the end has been built."""


async def _live(
    options: Options,
    settings: Settings,
    exchange: ExchangeProcess | None,
    preferences: Preferences,
    theme: Theme,
    logging_: Logging,
    crash: CrashDesk,
    on_open: Callable[[Terminal], None] | None,
) -> int:
    access = settings.access
    entrance: ExchangeEntrance | None = None
    if exchange is not None:
        address = await exchange.ready()
        access = settings.access_for_sim(address.rest, address.ws, address.market)
        entrance = ExchangeEntrance(address.rest, address.ws, address.pid, address.market)
        for note in exchange.notes():
            log.info("exchange: %s", note)
    assert access is not None  # noqa: S101 - load_settings gives access to every other environment
    logging_.redactor.add(access.appkey.reveal(), access.appsecret.reveal())
    logging_.redactor.add_account(access.cano)
    lock = InstanceLock(settings.home.data / f"{account_file(access)}.lock")
    with lock, _shown_to_commands(settings.home.data, entrance):
        terminal = Terminal(
            options,
            settings,
            access,
            preferences,
            theme,
            logging_,
            crash,
            is_exchange_new=exchange is not None,
        )
        return await _opened(terminal, options, settings, theme, on_open)


@contextlib.contextmanager
def _shown_to_commands(folder: Path, entrance: ExchangeEntrance | None) -> Iterator[None]:
    """Let `kis-terminal orders` and `panic` find the window's own exchange while it runs."""
    if entrance is None:
        yield
        return
    try:
        write_entrance(folder, entrance)
    except TerminalError as error:
        log.warning("commands will not find this simulation: %s", error)
    try:
        yield
    finally:
        remove_entrance(folder)


async def _opened(
    terminal: Terminal,
    options: Options,
    settings: Settings,
    theme: Theme,
    on_open: Callable[[Terminal], None] | None,
) -> int:
    stop = asyncio.Event()
    window = terminal.window
    window.closing.connect(stop.set)
    loop = asyncio.get_running_loop()
    with _signals(lambda: loop.call_soon_threadsafe(stop.set)), _session_end(terminal.session_ends):
        if options.size is not None or options.screenshot is not None:
            window.resize(*(options.size or theme.window_size))
        window.show()
        await terminal.open()
        if settings.config_file is not None and settings.environment is not Environment.SIM:
            kept = KeptConfig(settings.home.tokens, settings.environment)
            keeping = asyncio.to_thread(kept.keep, settings.config_file)
            terminal.window_scope.spawn(keeping, name="keep settings")
        for sentence in settings.warnings:
            terminal.workspace.link.message.emit("warn", sentence)
        loop.call_later(_SETTLED_SECONDS, terminal.collector.start)
        if on_open is not None:
            on_open(terminal)
        if options.exit_after is not None:
            loop.call_later(options.exit_after, stop.set)
        try:
            await stop.wait()
            if options.screenshot is not None:
                return _save_picture(window, options.screenshot)
        finally:
            await terminal.close()
    return 0


def _save_picture(window: MainWindow, path: Path) -> int:
    if window.grab().save(str(path)):
        return 0
    sentence = tr("그림을 {path}에 저장하지 못했습니다. 폴더와 권한을 확인하십시오.", path=path)
    print(sentence, file=sys.stderr)  # noqa: T201 - the window is closing
    return 1


@contextlib.contextmanager
def _signals(stop: Callable[[], object]):  # type: ignore[no-untyped-def]
    """End cleanly on SIGINT and SIGTERM; Python sees them at the next turn of the status bar's timer."""
    kept = {}
    for number in (signal.SIGINT, signal.SIGTERM):
        kept[number] = signal.signal(number, lambda *_: stop())
    try:
        yield
    finally:
        for number, handler in kept.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def _session_end(leave: Callable[[], None]) -> Iterator[None]:
    """Call `leave` when the operating system's session ends; it asks the program to keep what it has."""
    application = QApplication.instance()
    assert isinstance(application, QGuiApplication)  # noqa: S101 - the window stands

    def ends(manager: QSessionManager) -> None:
        leave()

    application.commitDataRequest.connect(ends)
    try:
        yield
    finally:
        application.commitDataRequest.disconnect(ends)


def window_preferences(settings: Settings) -> Preferences:
    """Return the window's choices, which all environments share."""
    # Written while a person clicks: the disk is not waited for.
    return Preferences(FileWorkspaceStore(settings.home.layout / WORKSPACE_FILE, waits_for_disk=False))


class _Loop(qasync.QEventLoop):
    """qasync's loop with a queue of its own for what is ready."""

    def __init__(self, application: QApplication) -> None:
        self._queue = ReadyQueue()
        super().__init__(application)

    def call_soon(
        self, callback: Callable[..., object], *args: object, context: Context | None = None
    ) -> asyncio.Handle:
        """Run a callback in the next turn of the loop, or in this one."""
        if context is None:
            context = copy_context()
        handle = asyncio.Handle(callback, args, self, context)
        self._queue.add(handle, context.get(URGENT, False))
        return handle


def run(
    options: Options,
    settings: Settings,
    exchange: ExchangeProcess | None,
    on_open: Callable[[Terminal], None] | None = None,
) -> int:
    """Open the window and run until it closes; returns the exit code.

    `on_open` is called once the window is shown and connecting; measurements and pictures use it.
    """
    # The journal's thread waits so long for the interpreter, several times an order, while the window paints.
    sys.setswitchinterval(_SWITCH_SECONDS)
    logging_ = set_up_logging(settings.home.logs, said=said_in_log)
    forward_qt_messages()
    set_language(settings.language)
    # Modules are imported in threads while the window is up: a collection that begins there would end widgets
    # outside their own thread, which Qt does not survive. `Collector` collects between frames.
    gc.disable()
    application = QApplication(["kis-terminal"])
    application.setApplicationName("KIS Terminal")
    application.setApplicationVersion(__version__)
    application.setWindowIcon(QIcon(str(resource_path("icons/kis-terminal.png"))))
    application.setQuitOnLastWindowClosed(False)
    preferences = window_preferences(settings)
    theme = chosen_theme(preferences)
    theme.apply(application)
    crash = CrashDesk()
    crash.install()
    loop = _Loop(application)
    try:
        with loop:
            return int(
                loop.run_until_complete(
                    _live(options, settings, exchange, preferences, theme, logging_, crash, on_open)
                )
            )
    except TerminalError as error:
        print(said(error), file=sys.stderr)  # noqa: T201 - the window never came up
        return 1
    finally:
        crash.tell = None
        crash.close()
        logging_.close()
