"""Install what pip cannot: packages of the operating system."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Sequence


class SetupError(Exception):
    """Something the person must do first; the text says what. The scripts print it and exit with code 2."""


def install_debian_packages(packages: Sequence[str], purpose: str) -> None:
    """Install Debian packages when we may, else raise SetupError with the exact command.

    We may when apt-get is there and we are root; nobody is asked for a password.
    """
    install = ["apt-get", "install", "-y", "--no-install-recommends", *packages]
    if shutil.which("apt-get") is None:
        raise SetupError(
            f"{purpose} is missing on this system. Install it with your package manager; "
            f"the Debian names are: {' '.join(packages)}"
        )
    by_hand = f"sudo apt-get update && sudo {shlex.join(install)}"
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        raise SetupError(f"{purpose} is missing on this system. Install it with:\n  {by_hand}")
    print(f"Installing {purpose}: {' '.join(packages)}", file=sys.stderr)
    environment = dict(os.environ, DEBIAN_FRONTEND="noninteractive")
    # An update may fail for one foreign source and the package still be known, so only the install decides.
    for command in (["apt-get", "update", "-q"], install):
        done = subprocess.run(
            command, env=environment, stdin=subprocess.DEVNULL, stdout=sys.stderr, check=False
        )
    if done.returncode != 0:
        raise SetupError(f"{purpose} could not be installed. See the lines above, then try:\n  {by_hand}")
