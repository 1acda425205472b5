"""What every panel is given: the services, the look, the clock of frames and the linked symbol."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from kis_terminal.domain.environment import Environment
from kis_terminal.domain.orders import Origin, Side
from kis_terminal.services.flatten import Flatten
from kis_terminal.services.history import History
from kis_terminal.services.instruments import Instruments
from kis_terminal.services.market_data import MarketData
from kis_terminal.services.orders import Orders
from kis_terminal.services.panic import Panic
from kis_terminal.services.panic_rehearsal import PanicRehearsal
from kis_terminal.services.portfolio import Portfolio
from kis_terminal.services.preferences import Preferences
from kis_terminal.services.reconcile import Reconciler
from kis_terminal.services.recording import Recording
from kis_terminal.services.risk_gate import RiskGate
from kis_terminal.services.risk_settings import RiskSettings
from kis_terminal.services.share_changes import ShareChanges
from kis_terminal.services.status import Status
from kis_terminal.services.tasks import TaskScope
from kis_terminal.services.watchlists import Watchlists
from kis_terminal.ui.frame_clock import FrameClock
from kis_terminal.ui.theme import Theme

if TYPE_CHECKING:
    # numpy comes with it: not before the window is up.
    from kis_terminal.domain.backtest_work import StrategySheet


class Link(QObject):
    """What one panel does that others follow.

    Signals: `symbol_changed(str)`; `order_wanted(OrderDraft)` fills the order form, never sends;
    `message(str, str)` is a notice for the user: level `info`, `warn` or `danger`, and a sentence;
    `order_chosen(str)` the key of the order that a list points at; `explain_wanted(str)` show what the risk
    rules say of that order, of the typed one for ""; `limits_wanted()` show the risk limits;
    `moment_wanted(str, int)` show a symbol's bar of a wall time in the chart; `backtest_wanted(str, int)` set
    up a backtest of a symbol from a wall time on; `strategy_to_test(StrategySheet)` set up a backtest of what
    was built; `strategy_to_add(StrategySheet)` put it among the strategies of the market.
    """

    symbol_changed = Signal(str)
    order_wanted = Signal(object)
    message = Signal(str, str)
    order_chosen = Signal(str)
    explain_wanted = Signal(str)
    limits_wanted = Signal()
    moment_wanted = Signal(str, object)
    backtest_wanted = Signal(str, object)
    strategy_to_test = Signal(object)
    strategy_to_add = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._symbol = ""
        self.tested_strategy: StrategySheet | None = None
        """The strategy that was last to be tested, for a panel that is built afterwards."""

    @property
    def symbol(self) -> str:
        """Return the symbol all linked panels show, "" before the first choice."""
        return self._symbol

    def test_strategy(self, sheet: StrategySheet) -> None:
        """Set up a backtest of a strategy."""
        self.tested_strategy = sheet
        self.strategy_to_test.emit(sheet)

    def choose(self, symbol: str) -> None:
        """Show `symbol` everywhere."""
        if symbol and symbol != self._symbol:
            self._symbol = symbol
            self.symbol_changed.emit(symbol)


@dataclass(frozen=True, slots=True)
class OrderDraft:
    """What a click on a ladder, a holding or an order puts into the order form; None leaves a field."""

    symbol: str
    side: Side | None = None
    price: Decimal | None = None
    quantity: int | None = None
    origin: Origin = Origin.ORDER_ENTRY
    amends_key: str = ""
    """Key of the order to amend, "" for a new one."""


@dataclass(frozen=True, slots=True)
class Workspace:
    """Handed to each panel's constructor."""

    environment: Environment
    account_label: str
    market_data: MarketData
    history: History
    instruments: Instruments
    orders: Orders
    reconciler: Reconciler
    portfolio: Portfolio
    risk_gate: RiskGate
    risk_settings: RiskSettings
    panic: Panic
    watchlists: Watchlists
    preferences: Preferences
    status: Status
    theme: Theme
    frame_clock: FrameClock
    link: Link
    scope: TaskScope
    """The window's scope; a panel makes its own under it with `panel_scope`."""
    recording: Recording | None = None
    """None where there is no wire to record."""
    share_changes: ShareChanges | None = None
    """None where nobody watches the holdings for splits."""
    flatten: Flatten | None = None
    """None where nothing may be sold at once."""
    rehearsal: PanicRehearsal | None = None
    """None where no process can be started beside the window."""
