"""Two hours of a market at 20 times its speed, trades at random, faults by a seed; prints JSON.

    python tests/benchmarks/soak.py [--seconds 360] [--speed 20] [--seed 1]

At the end everything is healed and the exchange's ledger is compared with what the desk shows.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))


def main() -> None:
    """Run once; the exit code is 1 when desk and ledger differ or a task failed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=360.0)
    parser.add_argument("--speed", type=float, default=20.0)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    from tests.support.soak import soak

    logging.disable(logging.CRITICAL)
    failures: list[str] = []

    async def run() -> dict[str, object]:
        asyncio.get_running_loop().set_exception_handler(lambda _, told: failures.append(str(told)))
        with tempfile.TemporaryDirectory() as folder:
            found = await soak(Path(folder), seconds=options.seconds, speed=options.speed, seed=options.seed)
        return {"benchmark": "soak", "seed": options.seed, **asdict(found), "unhandled": failures}

    answer = asyncio.run(run())
    answer["is_above_floor"] = not answer["wrong"] and not failures
    json.dump(answer, sys.stdout, indent=2, ensure_ascii=False)
    print()
    sys.exit(not answer["is_above_floor"])


if __name__ == "__main__":
    main()
