"""Press panic over mixed faults and compare each report with the ledger; prints JSON.

    python tests/benchmarks/panics.py [--runs 200] [--seed 1]

20 accounts at once, each with up to six orders just sent and one made elsewhere; answers of cancellations are
lost, reset or refused for rate, lists fail. A second order is tried after each press.
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
_ACCOUNTS = 20


async def measure(runs: int, seed: int) -> dict[str, object]:
    """Run and count."""
    from tests.support.exchange import running_exchange
    from tests.support.panic_runs import panic_runs

    with tempfile.TemporaryDirectory() as folder:
        async with running_exchange() as exchange:
            result = await panic_runs(
                exchange, Path(folder), accounts=_ACCOUNTS, runs_each=runs // _ACCOUNTS, seed=seed
            )
    is_true = result.proven == result.runs and not result.untrue and not result.accepted_after
    return {"benchmark": "panic over mixed faults", "seed": seed, **asdict(result), "is_above_floor": is_true}


def main() -> None:
    """Print the counts; the exit code is 1 when a run was not true."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    logging.disable(logging.CRITICAL)
    answer = asyncio.run(measure(options.runs, options.seed))
    json.dump(answer, sys.stdout, indent=2)
    print()
    sys.exit(not answer["is_above_floor"])


if __name__ == "__main__":
    main()
