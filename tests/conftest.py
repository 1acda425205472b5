"""What every test gets; the pieces are in tests/support."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from hypothesis import configuration, settings

os.environ["QT_QPA_PLATFORM"] = "offscreen"
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell starts what it sends into the background deaf to Ctrl+C, and our children would inherit that.
    signal.signal(signal.SIGINT, signal.default_int_handler)
# No keyring of this machine is touched, nor one that a test defines: the library takes the best it knows.
os.environ["PYTHON_KEYRING_BACKEND"] = "keyring.backends.null.Keyring"
# Tests work in folders of their own, but what Hypothesis has found stays in the project.
configuration.set_hypothesis_home_dir(Path(__file__).resolve().parent.parent / ".hypothesis")
# A busy machine is no fault of a law's. Where nobody looks, the same examples are tried each time.
settings.register_profile("project", deadline=None, derandomize=bool(os.environ.get("CI")))
settings.load_profile("project")

pytest_plugins = (
    "pytester",
    "tests.support.isolation",
    "tests.support.leftovers",
    "tests.support.qt_loop",
    "tests.support.servers",
    "tests.support.window_thread",
)
