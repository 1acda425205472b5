"""The linked symbol and the account in one painted line each."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from kis_terminal.ui import formatting
from kis_terminal.ui.freshness import is_dim, price_words
from kis_terminal.ui.theme import Theme
from kis_terminal.ui.translation import tr
from kis_terminal.ui.workspace import Workspace


@dataclass(frozen=True, slots=True)
class _Piece:
    """A text, its look, and the room before it."""

    text: str
    font: QFont
    colour: QColor
    gap: int


class PaintedLine(QWidget):
    """Pieces of text side by side; those that do not fit are left out from the end."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.theme = theme
        self.pieces: list[_Piece] = []
        self._metrics: dict[str, QFontMetrics] = {}
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumWidth(1)

    def show_pieces(self, pieces: list[_Piece]) -> None:
        """Take new pieces and repaint if they differ."""
        if pieces != self.pieces:
            self.pieces = pieces
            self.setAccessibleName("  ".join(piece.text for piece in pieces))
            self.update()

    def wanted_width(self) -> int:
        """Return the pixels that all pieces need."""
        return sum(piece.gap + self._measure(piece.font, piece.text) for piece in self.pieces)

    def _measure(self, font: QFont, text: str) -> int:
        key = font.key()
        metrics = self._metrics.get(key)
        if metrics is None:
            metrics = self._metrics[key] = QFontMetrics(font)
        return metrics.horizontalAdvance(text)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw from left to right while there is room."""
        painter = QPainter(self)
        painter.fillRect(event.rect(), self.theme.colours.bg1)
        x = 0
        for piece in self.pieces:
            width = self._measure(piece.font, piece.text)
            if x + piece.gap + width > self.width():
                break
            x += piece.gap
            painter.setFont(piece.font)
            painter.setPen(piece.colour)
            flags = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
            painter.drawText(QRect(x, 0, width + 1, self.height()), flags, piece.text)
            x += width


class SymbolHeadline(PaintedLine):
    """Name, code, price, change, volume, turnover, strength of the linked symbol."""

    def __init__(self, workspace: Workspace) -> None:
        super().__init__(workspace.theme)
        self._workspace = workspace
        theme = workspace.theme
        self._name_font = theme.bold(theme.metrics.name)
        self._price_font = theme.bold(theme.metrics.headline)
        self._change_font = theme.bold(theme.metrics.entry)
        self._plain = theme.font()
        self._label = theme.font(theme.metrics.label)

    def refresh(self) -> None:
        """Read the symbol's figures."""
        workspace, colours = self._workspace, self.theme.colours
        symbol = workspace.link.symbol
        if not symbol:
            hint = tr("종목을 고르십시오 (Ctrl+K)")
            self.show_pieces([_Piece(hint, self._plain, colours.faint, 0)])
            return
        state, item = workspace.market_data.state(symbol), workspace.instruments.get(symbol)
        data = workspace.market_data
        colour = self.theme.direction(state.change)
        if is_dim(data, state):
            colour = self.theme.tinted(colour, self.theme.stale_share)
        wide, near = self.theme.metrics.headline_gap, self.theme.metrics.inset
        pieces = [
            _Piece(workspace.instruments.name(symbol), self._name_font, colours.text, 0),
            _Piece(f"{symbol} {item.market if item else ''}".strip(), self._label, colours.muted, near),
        ]
        if state.price is None:
            pieces.append(_Piece(tr("시세를 기다리는 중"), self._plain, colours.faint, wide))
        else:
            change = f"{formatting.arrow(state.change)} {formatting.number(abs(state.change or Decimal(0)))}"
            pieces += [
                _Piece(formatting.number(state.price), self._price_font, colour, wide),
                _Piece(change.strip(), self._change_font, colour, near),
                _Piece(formatting.percent(state.change_rate), self._change_font, colour, near),
            ]
            if not data.is_live(symbol):
                pieces.append(_Piece(price_words(data, state), self._label, colours.warn, near))
            if state.is_halted or state.vi_state != "N":
                word = tr("거래정지") if state.is_halted else tr("VI 발동")
                pieces.append(_Piece(word, self._change_font, colours.warn, near))
            pieces += [
                _Piece(
                    tr("거래량 {n}", n=formatting.number(state.volume)), self._plain, colours.muted, 2 * wide
                ),
                _Piece(
                    tr("거래대금 {n}", n=formatting.amount(state.turnover)), self._plain, colours.muted, near
                ),
                _Piece(
                    tr("체결강도 {n}", n=formatting.ratio(state.strength)), self._plain, colours.muted, near
                ),
            ]
            self.setToolTip(tr("거래대금 {n}원", n=formatting.number(state.turnover)))
        self.show_pieces(pieces)


class AccountSummary(PaintedLine):
    """평가: securities at their latest prices and D+2 cash; 당일: what today's prices did to the holdings."""

    def __init__(self, workspace: Workspace) -> None:
        super().__init__(workspace.theme)
        self._workspace = workspace
        self._font = workspace.theme.bold()
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Expanding)
        meaning = (
            tr("평가: 보유 종목의 현재가 평가와 D+2 예수금"),
            tr("당일: 보유 종목의 오늘 평가 변동 (오늘 산 것은 매입가 대비)과 프로그램을 켠 뒤 실현한 손익"),
        )
        self.setToolTip("\n".join(meaning))

    def refresh(self) -> None:
        """Read the account."""
        portfolio, market = self._workspace.portfolio, self._workspace.market_data
        colours = self.theme.colours
        if portfolio.balance is None or portfolio.cash_d2 is None:
            word = tr("계좌 조회 실패") if portfolio.error else tr("계좌 조회 중")
            self.show_pieces(
                [_Piece(word, self._font, colours.warn if portfolio.error else colours.faint, 0)]
            )
        else:
            value, change = portfolio.cash_d2, portfolio.realised_today()
            for position in portfolio.positions:
                view = portfolio.view(position)
                value += view.value
                today = market.state(position.symbol).change
                bought = min(position.bought_today, position.quantity)
                change += (view.price - position.average_price) * bought
                change += (today or Decimal(0)) * (position.quantity - bought)
            before = value - change
            rate = change / before * 100 if before else None
            colour = self.theme.direction(change)
            words = f"{formatting.signed(change)} ({formatting.percent(rate)})"
            self.show_pieces(
                [
                    _Piece(tr("평가"), self._font, colours.muted, 0),
                    _Piece(formatting.number(value), self._font, colours.text, self.theme.metrics.cell),
                    _Piece(tr("당일"), self._font, colours.muted, self.theme.metrics.inset),
                    _Piece(words, self._font, colour, self.theme.metrics.cell),
                ]
            )
        width = self.wanted_width() + 1
        if width != self.minimumWidth():
            self.setFixedWidth(width)

    def sizeHint(self) -> QSize:
        """Return the room that everything needs."""
        return QSize(self.wanted_width() + 1, self.theme.metrics.toolbar)
