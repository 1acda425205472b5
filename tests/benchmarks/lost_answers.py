"""Send orders whose answers are lost in every known way and count what becomes of them; prints JSON.

    python tests/benchmarks/lost_answers.py [--orders 500] [--seed 1]

25 accounts at once, each order after the one before is known. The exchange's ledger judges.
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
_ACCOUNTS = 25


async def measure(orders: int, seed: int) -> dict[str, object]:
    """Run and count."""
    from tests.support.exchange import running_exchange
    from tests.support.lost_runs import lost_runs

    with tempfile.TemporaryDirectory() as folder:
        async with running_exchange() as exchange:
            result = await lost_runs(
                exchange, Path(folder), accounts=_ACCOUNTS, orders_each=orders // _ACCOUNTS, seed=seed
            )
    wrong = result.sent_twice or result.unresolved or result.differ
    return {"benchmark": "lost answers", "seed": seed, **asdict(result), "is_above_floor": not wrong}


def main() -> None:
    """Print the counts; the exit code is 1 when anything is wrong."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--orders", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    logging.disable(logging.CRITICAL)
    answer = asyncio.run(measure(options.orders, options.seed))
    json.dump(answer, sys.stdout, indent=2, ensure_ascii=False)
    print()
    sys.exit(not answer["is_above_floor"])


if __name__ == "__main__":
    main()
