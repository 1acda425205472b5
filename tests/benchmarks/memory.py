"""Measure how the window's memory grows over an hour of 1,000 events a second, sped up; prints JSON.

    python tests/benchmarks/memory.py [--pace 60000] [--events 3600000]

The events of the hour are sent as fast as `--pace`; growth is what the resident memory gained from the end
of the warm-up to the last event, with the collector run before both readings, and again for the second half
alone.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import sys
import time
from typing import Any

from live_window import Desk, in_child, measure, processor_seconds, resident_megabytes

FLOOR, GOAL = 10.0, 200.0
_WARM_SECONDS = 12.0
_LONGEST_SECONDS = 200.0


def of_window(pace: int, events: int) -> dict[str, Any]:
    """Send the hour's events into the window."""

    async def scenario(desk: Desk) -> dict[str, Any]:
        market = desk.terminal.market_data
        empty = resident_megabytes()
        await asyncio.sleep(_WARM_SECONDS)
        gc.collect()
        first = middle = resident_megabytes()
        begun, used, received = time.perf_counter(), processor_seconds(), market.ticks_received
        readings: list[float] = []
        has_middle = False
        while (done := market.ticks_received - received) < events:
            await asyncio.sleep(5.0)
            if not has_middle and done >= events / 2:
                gc.collect()
                middle, has_middle = resident_megabytes(), True
            readings.append(round(resident_megabytes(), 1))
            if time.perf_counter() - begun > _LONGEST_SECONDS:
                break
        wall = time.perf_counter() - begun
        gc.collect()
        last = resident_megabytes()
        return {
            "events": done,
            "seconds": round(wall, 1),
            "events_a_second": round(done / wall),
            "processor_percent": round((processor_seconds() - used) / wall * 100, 1),
            "resident_after_loading_mb": round(empty, 1),
            "resident_after_warm_up_mb": round(first, 1),
            "resident_at_end_mb": round(last, 1),
            "growth_mb_an_hour": round((last - first) * events / done, 1),
            "growth_of_second_half_mb": round(last - middle, 1),
            "readings_mb": readings,
        }

    return measure(scenario, pace)


def main() -> None:
    """Measure in a process of its own."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--pace", type=int, default=60_000)
    parser.add_argument("--events", type=int, default=3_600_000)
    parser.add_argument("--child", action="store_true")
    options = parser.parse_args()
    if options.child:
        print(json.dumps(of_window(options.pace, options.events)))
        return
    found = in_child(__file__, "--pace", options.pace, "--events", options.events)
    answer = {
        "benchmark": "memory over an hour of 1,000 events/s",
        **found,
        "floor": f"growth <= {FLOOR:g} MB/h",
        "goal": f"at most {GOAL:g} MB in all",
        "is_above_floor": found["growth_mb_an_hour"] <= FLOOR,
    }
    json.dump(answer, sys.stdout, indent=2)
    print()


if __name__ == "__main__":
    main()
