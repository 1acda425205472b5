"""Kill the program with orders open and measure until the next start knows them all; prints JSON.

    python tests/benchmarks/recovery.py [--orders 50] [--runs 3]

The exchange keeps the call limits of the real environment. Goal: 10 seconds, nothing taken for another's.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
from dataclasses import asdict, replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

_GOAL_SECONDS = 10.0


async def measure(orders: int, runs: int) -> dict[str, object]:
    """Run and return the slowest."""
    from kis_terminal.adapters.simulator.options import SimulatorOptions
    from tests.support.exchange import running_exchange
    from tests.support.recovery_runs import recover

    results = []
    for _ in range(runs):
        with tempfile.TemporaryDirectory() as folder:
            async with running_exchange(replace(SimulatorOptions(), seed=7)) as exchange:
                results.append(await recover(exchange, Path(folder), orders))
    slowest = max(result.seconds for result in results)
    is_whole = all(result.known == result.open_orders == orders for result in results)
    return {
        "benchmark": "recovery from kill -9",
        "orders": orders,
        "runs": [asdict(result) for result in results],
        "slowest_seconds": slowest,
        "goal_seconds": _GOAL_SECONDS,
        "is_reached": is_whole and slowest <= _GOAL_SECONDS,
    }


def main() -> None:
    """Print the figures; the exit code is 1 when the goal is missed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--orders", type=int, default=50)
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    answer = asyncio.run(measure(options.orders, options.runs))
    json.dump(answer, sys.stdout, indent=2)
    print()
    sys.exit(not answer["is_reached"])


if __name__ == "__main__":
    main()
