"""Every colour, font and pixel size of the program. No literal of either kind stands anywhere else."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from PySide6.QtGui import QColor, QFont, QFontDatabase, QPalette
from PySide6.QtWidgets import QApplication

from kis_terminal.domain.environment import Environment
from kis_terminal.resource_files import resource_path


class ColourSet(StrEnum):
    """Which colours mean up and down."""

    KOREAN = "korean"
    WESTERN = "western"
    COLOUR_BLIND = "colour_blind"


class Mode(StrEnum):
    """Dark or light."""

    DARK = "dark"
    LIGHT = "light"


@dataclass(frozen=True, slots=True)
class Colours:
    """Tokens of one look; see docs/architecture.md for their use."""

    bg0: QColor
    bg1: QColor
    bg2: QColor
    line: QColor
    text: QColor
    muted: QColor
    faint: QColor
    up: QColor
    down: QColor
    flat: QColor
    accent: QColor
    ok: QColor
    warn: QColor
    danger: QColor
    on_colour: QColor
    """Text on a filled button or band."""


def _colours(*names: str) -> Colours:
    return Colours(*(QColor(name) for name in names))


_DARK = (
    "#0D1015", "#141920", "#1A212A", "#28313C", "#E7EBF1", "#909CAB", "#5D6877",
    "#F2495C", "#3D8BFD", "#C5CED9", "#8AA4FF", "#2EBD85", "#F5A524", "#E5484D", "#FFFFFF",
)  # fmt: skip
_LIGHT = (
    "#FFFFFF", "#F6F7F9", "#ECEFF3", "#D5DBE3", "#10151C", "#5B6675", "#97A2B0",
    "#D92C44", "#1D66D6", "#39424E", "#3B5BDB", "#138A5E", "#B7770D", "#C9252B", "#FFFFFF",
)  # fmt: skip
_UP_AND_DOWN = {
    (ColourSet.WESTERN, Mode.DARK): ("#2EBD85", "#F2495C"),
    (ColourSet.WESTERN, Mode.LIGHT): ("#138A5E", "#D92C44"),
    (ColourSet.COLOUR_BLIND, Mode.DARK): ("#F08A24", "#22B8AE"),
    (ColourSet.COLOUR_BLIND, Mode.LIGHT): ("#B85C00", "#00786F"),
}
_ENVIRONMENT = {Environment.SIM: "#2F5D57", Environment.PAPER: "#8A6A00", Environment.REAL: "#B4232C"}


@dataclass(frozen=True, slots=True)
class Metrics:
    """Sizes in logical pixels."""

    row: int = 24
    title: int = 26
    header: int = 24
    gutter: int = 6
    inset: int = 10
    cell: int = 6
    """Between a cell and its text."""
    band: int = 24
    toolbar: int = 42
    status: int = 24
    input: int = 28
    button: int = 30
    radius: int = 3
    findings: int = 420
    """Width of a search's results."""
    search: int = 250
    narrow_panel: int = 290
    """What a list of symbols needs at least."""
    form_label: int = 76
    """What stands before an input in a narrow form."""
    form_number: int = 64
    setup: int = 308
    """Width of the backtest panel's setup side."""
    search_side: int = 236
    """Width of the form beside a sweep's map."""
    day_input: int = 94
    slip: int = 520
    """Width of a notice."""
    sheet: int = 760
    wide_sheet: int = 980
    sheet_title: int = 15
    name: int = 15
    headline_gap: int = 24
    body: int = 12
    label: int = 11
    entry: int = 13
    headline: int = 18


@dataclass(frozen=True, slots=True)
class ChartMetrics:
    """Sizes of the chart in logical pixels, shares as fractions."""

    price_axis: int = 68
    time_axis: int = 24
    legend: int = 24
    bar_step: float = 9.0
    """Room of one bar when a chart is opened."""
    body_share: float = 0.75
    volume_share: float = 0.22
    """Part of the price pane that volume takes at its bottom."""
    volume_fill: float = 0.5
    """How much of the candle's colour a volume column has; the rest is the panel's background."""
    price_margin: float = 0.06
    pane_share: float = 0.18
    """Height of each pane below, as part of the plot."""
    pane_least: int = 54
    price_label_gap: int = 46
    time_label_gap: int = 84
    chip: int = 20
    tag: int = 18
    mark: int = 5
    """Half the width of the triangle at an own fill."""
    mark_gap: int = 5
    dash: tuple[float, float] = (3.0, 2.0)
    line_width: float = 1.2


_STUDY_DARK = ("#E8B84A", "#A78BFA", "#2EBD85", "#F0883E", "#4CC9F0", "#F472B6")
_STUDY_LIGHT = ("#B7770D", "#6D4AE0", "#138A5E", "#C2570C", "#0E7FA8", "#BE3A82")


class Theme:
    """The look in force; made once by `app.py` and handed to every widget."""

    def __init__(self, mode: Mode = Mode.DARK, colour_set: ColourSet = ColourSet.KOREAN) -> None:
        self.mode = mode
        self.colour_set = colour_set
        self.metrics = Metrics()
        self.chart = ChartMetrics()
        names = list(_DARK if mode is Mode.DARK else _LIGHT)
        if colour_set is not ColourSet.KOREAN:
            names[7], names[8] = _UP_AND_DOWN[(colour_set, mode)]
        self.colours = _colours(*names)

    def environment(self, environment: Environment) -> QColor:
        """Return the band colour of an environment."""
        return QColor(_ENVIRONMENT[environment])

    def direction(self, change: object) -> QColor:
        """Return the colour of a signed number; None and zero are flat."""
        if change is None or change == 0:
            return self.colours.flat
        return self.colours.up if change > 0 else self.colours.down  # type: ignore[operator]

    window_size = (1760, 990)
    """Width and height of a first start."""
    flash_share = 0.32
    """How strongly a changed cell is tinted."""
    unknown_share = 0.14
    """How strongly the row of an unsettled order is tinted."""
    stale_share = 0.6
    """How much of its colour an old figure keeps."""

    def selected(self, *, has_focus: bool) -> QColor:
        """Return the ground of a selected row."""
        return self.tinted(self.colours.accent, 0.16 if has_focus else 0.1)

    def study(self, place: int) -> QColor:
        """Return the colour of the indicator line at `place`; they repeat after the last."""
        names = _STUDY_DARK if self.mode is Mode.DARK else _STUDY_LIGHT
        return QColor(names[place % len(names)])

    def tinted(self, colour: QColor, share: float) -> QColor:
        """Return `colour` mixed into the panel background; `share` 0 to 1 is the part of `colour`."""
        base = self.colours.bg1
        return QColor(
            round(base.red() + (colour.red() - base.red()) * share),
            round(base.green() + (colour.green() - base.green()) * share),
            round(base.blue() + (colour.blue() - base.blue()) * share),
        )

    def font(self, size: int | None = None, weight: QFont.Weight = QFont.Weight.Normal) -> QFont:
        """Return the program's font with tabular digits; `size` in pixels, body size when None."""
        font = QFont("Pretendard")
        font.setFamilies(["Pretendard", "Noto Sans KR", "Apple SD Gothic Neo", "Malgun Gothic"])
        font.setPixelSize(size or self.metrics.body)
        font.setWeight(weight)
        font.setFeature(QFont.Tag("tnum"), 1)
        font.setHintingPreference(QFont.HintingPreference.PreferNoHinting)
        return font

    def bold(self, size: int | None = None) -> QFont:
        """Return the semi-bold cut."""
        return self.font(size, QFont.Weight.DemiBold)

    def medium(self, size: int | None = None) -> QFont:
        """Return the medium cut."""
        return self.font(size, QFont.Weight.Medium)

    def apply(self, application: QApplication) -> None:
        """Load the bundled fonts and dress the whole application."""
        for path in sorted(resource_path("fonts").glob("Pretendard-*")):
            QFontDatabase.addApplicationFont(str(path))
        application.setStyle("Fusion")
        application.setFont(self.font())
        application.setPalette(self._palette())
        application.setStyleSheet(self._style_sheet())

    def _palette(self) -> QPalette:
        c = self.colours
        palette = QPalette()
        role = QPalette.ColorRole
        for name, colour in (
            (role.Window, c.bg0),
            (role.WindowText, c.text),
            (role.Base, c.bg0),
            (role.AlternateBase, c.bg1),
            (role.Text, c.text),
            (role.Button, c.bg2),
            (role.ButtonText, c.text),
            (role.Highlight, c.accent),
            (role.HighlightedText, c.bg0),
            (role.ToolTipBase, c.bg2),
            (role.ToolTipText, c.text),
            (role.PlaceholderText, c.faint),
            (role.Link, c.accent),
        ):
            palette.setColor(name, colour)
        return palette

    def _style_sheet(self) -> str:
        c, m = self.colours, self.metrics
        values = {
            "bg0": c.bg0.name(), "bg1": c.bg1.name(), "bg2": c.bg2.name(), "line": c.line.name(),
            "text": c.text.name(), "muted": c.muted.name(), "faint": c.faint.name(),
            "accent": c.accent.name(), "danger": c.danger.name(),
            "up": c.up.name(), "down": c.down.name(), "on": c.on_colour.name(),
            "input": m.input, "button": m.button, "radius": m.radius, "title": m.title, "label": m.label,
            "entry": m.entry,
        }  # fmt: skip
        return _STYLE_SHEET % values


_STYLE_SHEET = """
QMainWindow, QDialog { background: %(bg0)s; }
QMainWindow::separator { background: %(bg0)s; width: 6px; height: 6px; }
QMainWindow::separator:hover { background: %(line)s; }
QToolTip { background: %(bg2)s; color: %(text)s; border: 1px solid %(line)s; padding: 4px; }
QLineEdit, QAbstractSpinBox, QComboBox {
    background: %(bg0)s; color: %(text)s; border: 1px solid %(line)s; border-radius: %(radius)spx;
    padding: 0 8px; min-height: %(input)spx; max-height: %(input)spx; font-size: %(entry)spx;
    selection-background-color: %(accent)s; selection-color: %(bg0)s;
}
QLineEdit:focus, QAbstractSpinBox:focus, QComboBox:focus { border-color: %(accent)s; }
QComboBox::drop-down { border: 0; width: 18px; }
QComboBox QAbstractItemView { background: %(bg1)s; border: 1px solid %(line)s; outline: 0; }
QPushButton {
    background: %(bg2)s; color: %(text)s; border: 1px solid %(line)s; border-radius: %(radius)spx;
    padding: 0 10px; min-height: %(button)spx;
}
QPushButton:hover { border-color: %(muted)s; }
QPushButton:focus { border-color: %(accent)s; }
QPushButton:disabled { color: %(faint)s; }
QToolButton { background: transparent; color: %(muted)s; border: 0; padding: 2px 6px; }
QToolButton:hover, QToolButton:checked { color: %(text)s; background: %(line)s; border-radius: %(radius)spx; }
QMenu { background: %(bg1)s; color: %(text)s; border: 1px solid %(line)s; padding: 4px; }
QMenu::item { padding: 5px 22px 5px 12px; }
QMenu::item:selected { background: %(line)s; }
QMenu::separator { height: 1px; background: %(line)s; margin: 4px 6px; }
QTabBar::tab {
    background: %(bg1)s; color: %(muted)s; padding: 5px 12px; border: 0; border-bottom: 2px solid transparent;
}
QTabBar::tab:selected { color: %(text)s; border-bottom-color: %(accent)s; background: %(bg2)s; }
QScrollBar:vertical { background: %(bg1)s; width: 8px; }
QScrollBar:horizontal { background: %(bg1)s; height: 8px; }
QScrollBar::handle { background: %(line)s; border-radius: 4px; min-height: 24px; min-width: 24px; }
QScrollBar::add-line, QScrollBar::sub-line { width: 0; height: 0; }
QCheckBox { color: %(muted)s; spacing: 6px; }
QCheckBox::indicator:unchecked {
    background: %(bg0)s; border: 1px solid %(faint)s; border-radius: 2px; width: 11px; height: 11px;
}
QCheckBox::indicator:unchecked:hover { border-color: %(text)s; }
"""
