"""Run the embedded exchange: `python -m kis_terminal.adapters.simulator --help`."""

from __future__ import annotations

import asyncio
import gc
import os
import sys
from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the simulator until it is told to stop; return the exit status."""
    # numpy's linear algebra is not used here; its threads would cost 70 ms of start-up and memory.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    # Collecting while thousands of objects are being made for good only costs start-up time.
    gc.disable()
    from kis_terminal.adapters.simulator.options import read_options

    options = read_options(arguments)
    from kis_terminal.adapters.simulator.server import serve

    gc.freeze()
    gc.enable()
    try:
        asyncio.run(serve(options))
    except OSError as error:
        sys.stderr.write(f"kis-terminal sim: {error.strerror or error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
