"""Check that the system libraries which Qt's wheels expect are there (Linux; elsewhere they are inside)."""

from __future__ import annotations

import ctypes
import os
import sys

from system_packages import install_debian_packages

# What PySide6-Essentials 6.11 links to and does not bring (objdump -p of its libraries and platform plugins,
# 2026-11), with the Debian package of each.
_ALWAYS = {
    "libEGL.so.1": "libegl1",
    "libGL.so.1": "libgl1",
    "libX11.so.6": "libx11-6",
    "libdbus-1.so.3": "libdbus-1-3",
    "libfontconfig.so.1": "libfontconfig1",
    "libfreetype.so.6": "libfreetype6",
    "libglib-2.0.so.0": "libglib2.0-0",
    "libgthread-2.0.so.0": "libglib2.0-0",
    "libstdc++.so.6": "libstdc++6",
    "libxkbcommon.so.0": "libxkbcommon0",
    "libz.so.1": "zlib1g",
    "libzstd.so.1": "libzstd1",
}
_X11 = {
    "libX11-xcb.so.1": "libx11-xcb1",
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxcb-glx.so.0": "libxcb-glx0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-image.so.0": "libxcb-image0",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-randr.so.0": "libxcb-randr0",
    "libxcb-render-util.so.0": "libxcb-render-util0",
    "libxcb-render.so.0": "libxcb-render0",
    "libxcb-shape.so.0": "libxcb-shape0",
    "libxcb-shm.so.0": "libxcb-shm0",
    "libxcb-sync.so.1": "libxcb-sync1",
    "libxcb-util.so.1": "libxcb-util1",
    "libxcb-xfixes.so.0": "libxcb-xfixes0",
    "libxcb-xkb.so.1": "libxcb-xkb1",
    "libxcb.so.1": "libxcb1",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
}
_WAYLAND = {
    "libwayland-client.so.0": "libwayland-client0",
    "libwayland-cursor.so.0": "libwayland-cursor0",
    "libwayland-egl.so.1": "libwayland-egl1",
}


def needed_libraries(environment: dict[str, str]) -> dict[str, str]:
    """Return the libraries that the platform plugin Qt will choose needs, each with its Debian package."""
    platform = environment.get("QT_QPA_PLATFORM", "").split(":")[0].split(";")[0]
    if platform == "xcb" or (not platform and environment.get("DISPLAY")):
        return _ALWAYS | _X11
    if platform == "wayland" or (not platform and environment.get("WAYLAND_DISPLAY")):
        return _ALWAYS | _WAYLAND
    return _ALWAYS


def check_qt_libraries() -> None:
    """Install the missing libraries or raise SetupError with the command that does."""
    if not sys.platform.startswith("linux"):
        return
    needed = needed_libraries(dict(os.environ))
    missing = {package for library, package in needed.items() if not _loads(library)}
    if missing:
        install_debian_packages(sorted(missing), "a system library that the Qt window needs")


def _loads(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True
