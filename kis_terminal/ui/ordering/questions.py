"""What is asked before an order leaves: environment, symbol, side, quantity, price, amount, costs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from PySide6.QtGui import QColor

from kis_terminal.domain.environment import Environment
from kis_terminal.domain.orders import OrderRequest, Side
from kis_terminal.domain.risk import RiskCheck
from kis_terminal.ui.dialogs.confirmation import Question
from kis_terminal.ui.formatting import number
from kis_terminal.ui.order_words import kind_word, side_word
from kis_terminal.ui.ordering.estimate import estimate
from kis_terminal.ui.translation import said, tr
from kis_terminal.ui.workspace import Workspace

_ENVIRONMENTS = {Environment.SIM: "시뮬레이션", Environment.PAPER: "모의투자", Environment.REAL: "실전투자"}


def environment_word(environment: Environment) -> str:
    """Return the name of an environment."""
    return tr(_ENVIRONMENTS[environment])


def codes_of(warnings: Iterable[RiskCheck]) -> frozenset[str]:
    """Return the limits that a question names: its answer passes these and no others."""
    return frozenset(warning.code for warning in warnings)


def order_question(
    workspace: Workspace,
    request: OrderRequest,
    *,
    title: str | None = None,
    confirm: str | None = None,
    colour: QColor | None = None,
    is_guarded: bool = False,
    warnings: Sequence[RiskCheck] = (),
) -> Question:
    """Return the question about an order; in real the way back is always the default.

    `warnings` are the soft limits that it breaks: who sends it all the same has read them.
    """
    name = workspace.instruments.name(request.symbol)
    side = side_word(request.side)
    quantity = tr("{quantity}주", quantity=f"{request.quantity:,}")
    price = number(request.price) if request.price is not None else kind_word(request.kind)
    known = estimate(workspace, request.symbol, request.side, request.kind, request.quantity, request.price)
    details = [
        (tr("환경"), f"{environment_word(workspace.environment)} · {workspace.account_label}"),
        (tr("종목"), f"{name} {request.symbol}"),
        (tr("구분"), f"{side} · {kind_word(request.kind)} · {request.venue.value}"),
        (tr("수량"), quantity),
        (tr("가격"), price),
    ]
    if request.condition_price is not None:
        details.append((tr("조건가"), number(request.condition_price)))
    if known is not None:
        ceiling = f" ({tr('상한가 기준')})" if known.is_ceiling else ""
        details.append((tr("주문금액"), number(known.amount) + ceiling))
        details.append((tr("수수료·세금"), f"{number(known.costs.commission)} · {number(known.costs.tax)}"))
    details += [(tr("주의"), said(warning.sentence)) for warning in warnings]
    colours = workspace.theme.colours
    return Question(
        title=title or f"{side}  {name} {quantity} @ {price}",
        details=details,
        confirm=confirm or tr("{side} 주문 보내기", side=side),
        colour=colour or (colours.up if request.side is Side.BUY else colours.down),
        is_guarded=is_guarded or bool(warnings) or workspace.environment is Environment.REAL,
        edge=workspace.theme.environment(workspace.environment),
    )
