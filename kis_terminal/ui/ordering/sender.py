"""The last step of the form: the question where one is asked, the send, and what became of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from PySide6.QtCore import QObject, Signal

from kis_terminal.domain.environment import Environment
from kis_terminal.domain.orders import Order, OrderRequest
from kis_terminal.domain.risk import RiskCheck
from kis_terminal.ui.dialogs.confirmation import ConfirmationSheet, Question
from kis_terminal.ui.formatting import number
from kis_terminal.ui.ordering.change_form import describe
from kis_terminal.ui.ordering.outcome import outcome_of
from kis_terminal.ui.ordering.questions import codes_of, order_question
from kis_terminal.ui.translation import tr
from kis_terminal.ui.workspace import Workspace


class OrderSender(QObject):
    """Hand checked requests to the order service and follow the last one.

    Signals: `said(level, sentence)`, level being the name of a colour. Preference: `order_entry.confirm`.
    """

    said = Signal(str, str)

    def __init__(self, workspace: Workspace, sheet: ConfirmationSheet, parent: QObject) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self._sheet = sheet
        self._followed_key = ""

    @property
    def followed_key(self) -> str:
        """Return the key of the order whose fate is told, "" for none."""
        return self._followed_key

    @property
    def confirms(self) -> bool:
        """Tell whether a question comes before each order."""
        is_real = self._workspace.environment is Environment.REAL
        return bool(self._workspace.preferences.read("order_entry.confirm", is_real))

    def refuse(self, sentence: str) -> None:
        """Say why nothing was sent."""
        self._followed_key = ""
        self.said.emit("danger", tr("보내지 않았습니다: {reason}", reason=sentence))

    def forget(self) -> None:
        """Tell nothing any more of the last order."""
        self._followed_key = ""
        self.said.emit("muted", "")

    def submit(self, request: OrderRequest, warnings: Sequence[RiskCheck] = ()) -> None:
        """Send a new order, after the question; `warnings` are always asked about."""
        if self.confirms or warnings:
            request = replace(request, confirmed=codes_of(warnings))
            question = order_question(self._workspace, request, warnings=warnings)
            self._sheet.ask(question, lambda: self._submit(request))
        else:
            self._submit(request)

    def _submit(self, request: OrderRequest) -> None:
        self._follow(self._workspace.orders.submit_soon(request))

    def amend(self, order: Order, request: OrderRequest, warnings: Sequence[RiskCheck] = ()) -> None:
        """Send an amendment, after the question; `warnings` are always asked about."""
        if self.confirms or warnings:
            request = replace(request, confirmed=codes_of(warnings))
            question = self._amendment_question(order, request, warnings)
            self._sheet.ask(question, lambda: self._amend(order, request))
        else:
            self._amend(order, request)

    def _amendment_question(
        self, order: Order, request: OrderRequest, warnings: Sequence[RiskCheck]
    ) -> Question:
        name = self._workspace.instruments.name(order.symbol)
        return order_question(
            self._workspace,
            request,
            title=tr(
                "정정  {name}  {what} → {price}",
                name=name,
                what=describe(order),
                price=number(request.price),
            ),
            confirm=tr("정정 보내기"),
            warnings=warnings,
        )

    def _amend(self, order: Order, request: OrderRequest) -> None:
        self._follow(order.key)
        self._workspace.orders.amend_soon(order.key, request.kind, request.price, confirmed=request.confirmed)

    def cancel(self, order: Order) -> None:
        """Cancel at once: a cancellation is never asked about."""
        self._follow(order.key)
        self._workspace.orders.cancel_soon(order.key)

    def _follow(self, key: str) -> None:
        self._followed_key = key
        self.said.emit("muted", tr("보내는 중"))

    def tell(self) -> None:
        """Say how the followed order stands now."""
        order = self._workspace.orders.get(self._followed_key)
        if order is not None:
            outcome = outcome_of(order, self._workspace.instruments.name(order.symbol))
            self.said.emit(outcome.level, outcome.sentence)

    def take_refusal(self, order: Order, sentence: str) -> None:
        """Say why an amendment or cancellation of the followed order was refused; the order stands."""
        if order.key == self._followed_key and not order.status.is_done:
            self._followed_key = ""
            self.said.emit("danger", tr("거부: {reason}", reason=sentence))
