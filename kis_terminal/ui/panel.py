"""What every docked panel has in common: its life between show and hide, its scope, its subscriptions."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from kis_terminal.services.hub import Subscription
from kis_terminal.services.tasks import TaskScope
from kis_terminal.ui.workspace import Workspace


class Panel(QWidget):
    """A widget that lives only while it is visible.

    A closed or tabbed-away dock is only hidden, so showing and hiding are the switch: `activate` reads the
    snapshot and subscribes (hand subscriptions to `keep`), `deactivate` runs after all of them were closed.
    `title_area` is the layout of the 26 px strip where a panel puts its own controls, right of its title.
    """

    screen_number = ""
    panel_name = ""
    """Stable identity for saved layouts, e.g. `watchlist`."""

    def __init__(self, workspace: Workspace, title: str) -> None:
        super().__init__()
        self.workspace = workspace
        self.theme = workspace.theme
        self.setObjectName(self.panel_name)
        self._subscriptions: list[Subscription] = []
        self._is_active = False
        colours, metrics = self.theme.colours, self.theme.metrics
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setStyleSheet(f"#{self.panel_name} {{ background: {colours.bg1.name()}; }}")
        strip = QWidget(self)
        strip.setObjectName("strip")
        strip.setFixedHeight(metrics.title)
        strip.setStyleSheet(
            f"#strip {{ background: {colours.bg2.name()}; border-bottom: 1px solid {colours.line.name()}; }}"
        )
        self.strip = strip
        self.title_area = QHBoxLayout(strip)
        self.title_area.setContentsMargins(metrics.inset, 0, metrics.gutter, 0)
        self.title_area.setSpacing(metrics.gutter)
        self.title_label = QLabel(title, strip)
        self.title_label.setTextFormat(Qt.TextFormat.PlainText)
        self.title_label.setFont(self.theme.bold())
        self.title_area.addWidget(self.title_label)
        self.title_area.addStretch(1)
        self.body = QVBoxLayout(self)
        self.body.setContentsMargins(0, 0, 0, 0)
        self.body.setSpacing(0)
        self.body.addWidget(strip)

    @property
    def scope(self) -> TaskScope:
        """Return the scope for this panel's tasks; use `replaces=` with the panel's name."""
        return self.workspace.scope

    @property
    def is_active(self) -> bool:
        """Tell whether the panel is shown and subscribed."""
        return self._is_active

    def keep(self, subscription: Subscription) -> Subscription:
        """Close `subscription` when the panel is hidden."""
        self._subscriptions.append(subscription)
        return subscription

    def activate(self) -> None:
        """Read the snapshot, subscribe, draw. Overridden."""

    def deactivate(self) -> None:
        """Let go of what `keep` does not hold. Overridden where needed."""

    def showEvent(self, event: QShowEvent) -> None:
        """Come alive."""
        super().showEvent(event)
        self.wake()

    def wake(self) -> None:
        """Come alive; may be called twice."""
        if not self._is_active:
            self._is_active = True
            self.activate()

    def hideEvent(self, event: QHideEvent) -> None:
        """Go to sleep: no subscription outlives visibility."""
        super().hideEvent(event)
        self.sleep()

    def sleep(self) -> None:
        """Close every subscription; may be called twice."""
        if not self._is_active:
            return
        self._is_active = False
        for subscription in self._subscriptions:
            subscription.close()
        self._subscriptions.clear()
        self.deactivate()
