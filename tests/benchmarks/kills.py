"""Kill the program in the middle of orders and count what the next start makes of them; prints JSON.

    python tests/benchmarks/kills.py [--runs 50]

Three points, `runs` times each: between the journal's line and the request, while the request is on its way
(0 to 12 ms in, at random), and between the answer and its line. The exchange's ledger judges.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))


async def measure(runs: int) -> dict[str, object]:
    """Run and count by point."""
    from tests.support.exchange import running_exchange
    from tests.support.kill_runs import kill_runs
    from tests.support.killed import POINTS

    with tempfile.TemporaryDirectory() as folder:
        async with running_exchange() as exchange:
            results = await kill_runs(exchange, Path(folder), runs)
    points = {
        point: {
            "runs": len(of_point := [result for result in results if result.point == point]),
            "accepted_by_the_exchange": sum(result.accepted for result in of_point),
            "sent_twice": sum(result.accepted > 1 for result in of_point),
            "not_settled": sum(not result.is_settled for result in of_point),
            "taken_for_another_program_s": sum(result.foreign for result in of_point),
            "differ_from_the_ledger": sum(result.shown != result.accepted for result in of_point),
            "longest_until_settled_seconds": round(max(result.seconds for result in of_point), 1),
        }
        for point in POINTS
    }
    wrong = [asdict(result) for result in results if result.accepted > 1 or result.shown != result.accepted]
    return {"benchmark": "killed in the middle of an order", "points": points, "wrong": wrong}


def main() -> None:
    """Print the counts; the exit code is 1 when anything is wrong."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=50)
    answer = asyncio.run(measure(parser.parse_args().runs))
    json.dump(answer, sys.stdout, indent=2)
    print()
    sys.exit(bool(answer["wrong"]))


if __name__ == "__main__":
    main()
