"""Measure the loop and the panic button beside strategies that never answer; prints JSON.

    python tests/benchmarks/strategies.py [--strategies 2]

Case 9 asks: flagged within about 2 s, the loop and the latch within 200 ms meanwhile.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

_ENDLESS = "\ndef on_bar(self, context, symbol):\n    while True:\n        pass\n"


async def measure(count: int) -> dict[str, object]:
    """Start `count` endless strategies, wait until all are flagged, press panic."""
    from kis_terminal.domain.strategy.plan import RunState
    from tests.support.strategy_bench import plan, strategy_bench
    from tests.support.trading_desk import until

    gaps: list[float] = []

    async def beat() -> None:
        last = time.perf_counter()
        while True:
            await asyncio.sleep(0.005)
            now = time.perf_counter()
            gaps.append(now - last)
            last = now

    with tempfile.TemporaryDirectory() as folder:
        async with strategy_bench(Path(folder)) as bench:
            keys = [bench.start(plan(_ENDLESS, title=str(i))) for i in range(count)]
            await until(lambda: all(bench.strategies.view(key).judged_at for key in keys), 60.0)
            began = time.perf_counter()
            beating = asyncio.ensure_future(beat())
            await until(lambda: all(bench.state(key) is RunState.SUSPENDED for key in keys), 30.0)
            flagged = time.perf_counter() - began
            beating.cancel()
            pressed = time.perf_counter()
            bench.case.desk.panic.press()
            latched = time.perf_counter() - pressed
            await until(lambda: not bench.case.desk.panic.is_running, 30.0)
    return {
        "benchmark": "strategies that never answer",
        "strategies": count,
        "flagged_after_seconds": round(flagged, 3),
        "longest_loop_gap_ms": round(max(gaps) * 1000, 1),
        "latch_ms": round(latched * 1000, 2),
        "goal": {"flagged_after_seconds": 2.5, "longest_loop_gap_ms": 200, "latch_ms": 200},
    }


def main() -> None:
    """Read the command line, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--strategies", type=int, default=2)
    print(json.dumps(asyncio.run(measure(parser.parse_args().strategies)), indent=2))


if __name__ == "__main__":
    main()
