"""Measure frame to record against KIS's own way, in one run; prints JSON.

    python tests/benchmarks/frames.py [--rounds 5]

The peer is what KIS's sample client does with a data frame (koreainvestment/open-trading-api,
`kis_auth.py`, `KISWebSocket`): split at the bars and `pandas.read_csv` with the stream's column names. Of a
frame with several records it gives one row only; its rate still counts every record on the wire.
Frames are made from a seed and all different: prices walk, sizes and volumes change. Each round begins with
an empty memory of texts and reads every frame once, as on a market day.

Rows of ours: `record` is what the feed hands on at arrival (symbol, time, price, size, volume; the rest on
access), `all_columns` touches everything. For order books `record` is the raw book that is kept,
`all_columns` the full decoding of ten levels.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from io import StringIO
from pathlib import Path

import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from kis_terminal.adapters.kis.catalog import Catalog
from kis_terminal.adapters.kis.frames import StreamFrame, parse
from kis_terminal.adapters.kis.realtime import RealtimeDecoder
from kis_terminal.domain.market import Tick

FRAMES = 5_000
FLOORS = {"trade_1": 500, "trade_20": 1_500, "book": 400}
GOALS = {"trade_1": 3_000, "trade_20": 9_000, "book": None}


def trade_records(randomness: random.Random, count: int) -> list[str]:
    """Return records of 47 columns whose price walks and whose volume grows."""
    price, volume, rows = 71_900, 3_052_507, []
    for number in range(count):
        price = max(50_000, price + randomness.choice((-100, 0, 0, 100)))
        size = int(randomness.paretovariate(1.1))
        volume += size
        seconds = 34_200 + number // 20
        clock = f"{seconds // 3600:02}{seconds // 60 % 60:02}{seconds % 60:02}"
        change = price - 72_000
        sign = "2" if change > 0 else "5" if change < 0 else "3"
        rows.append(
            f"005930^{clock}^{price}^{sign}^{change}^{change / 720:.2f}^72023.83^72100^72400^71700"
            f"^{price + 100}^{price}^{size}^{volume}^{volume * 72_000}^5105^6937^1832^84.90^1366314^1159996"
            f"^{randomness.choice('15')}^0.39^20.28^090020^5^-200^090820^5^-500^092619^2^200^20260914^20^N"
            f"^{randomness.randrange(90_000)}^216924^1118750^2199206^0.05^2424142^125.92^0^^72100^2"
        )
    return rows


def book_records(randomness: random.Random, count: int) -> list[str]:
    """Return books of 62 columns in which, from one to the next, a few sizes change."""
    price = 71_900
    sizes = [randomness.randrange(1, 400_000) for _ in range(20)]
    rows = []
    for number in range(count):
        price = max(50_000, price + randomness.choice((-100, 0, 0, 0, 100)))
        for _ in range(3):
            sizes[randomness.randrange(20)] = randomness.randrange(1, 400_000)
        seconds = 34_200 + number // 20
        clock = f"{seconds // 3600:02}{seconds // 60 % 60:02}{seconds % 60:02}"
        fields = ["005930", clock, "0"]
        fields += [str(price + 100 * level) for level in range(1, 11)]
        fields += [str(price - 100 * level) for level in range(10)]
        fields += [str(size) for size in sizes]
        fields += [str(sum(sizes[:10])), str(sum(sizes[10:]))]
        rows.append("^".join(fields) + "^0^0^0^0^525579^-72000^5^-100.00^3159115^0^8^0^0^0^71950^0^0")
    return rows


def kis_way(raw: str, columns: Sequence[str]) -> pd.DataFrame:
    """Read a frame as KIS's sample client does."""
    if raw[0] not in ["0", "1"]:
        raise ValueError(raw)
    parts = raw.split("|")
    if len(parts) < 4:
        raise ValueError("data not found...")
    return pd.read_csv(StringIO(parts[3]), header=None, sep="^", names=list(columns), dtype=object)


def seconds_a_frame(work: Callable[[str], object], frames: Sequence[str]) -> float:
    """Return the mean time of one frame."""
    started = time.perf_counter()
    for frame in frames:
        work(frame)
    return (time.perf_counter() - started) / len(frames)


def ways_of_ours(kind: str) -> tuple[Callable[[str], object], Callable[[str], object]]:
    """Return the work of `record` and of `all_columns` with an empty memory each."""
    first, second = RealtimeDecoder(), RealtimeDecoder()
    if kind == "trade_1":
        return first.one_tick, lambda text: second.one_tick(text).details
    if kind == "book":
        return first.one_book, lambda text: second.one_book(text).decode()

    def ticks(decoder: RealtimeDecoder, text: str) -> list[Tick]:
        frame = parse(text)
        assert isinstance(frame, StreamFrame)
        return decoder.ticks(frame)

    return partial(ticks, first), lambda text: [tick.details for tick in ticks(second, text)]


def main() -> None:
    """Measure each kind of frame, peer and ours interleaved, and print the medians."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    randomness = random.Random(20260914)
    catalog = Catalog()
    singles = trade_records(randomness, FRAMES)
    many = trade_records(randomness, FRAMES * 4)
    kinds: dict[str, tuple[str, int, list[str]]] = {
        "trade_1": ("H0STCNT0", 1, [f"0|H0STCNT0|001|{row}" for row in singles]),
        "trade_20": (
            "H0STCNT0",
            20,
            ["0|H0STCNT0|020|" + "^".join(many[at : at + 20]) for at in range(0, len(many), 20)],
        ),
        "book": ("H0STASP0", 1, [f"0|H0STASP0|001|{row}" for row in book_records(randomness, FRAMES)]),
    }
    answer: dict[str, object] = {
        "benchmark": "frame to record",
        "python": sys.version.split()[0],
        "pandas": pd.__version__,
        "rounds": rounds,
        "rows": {},
    }
    for kind, (tr_id, records_a_frame, frames) in kinds.items():
        width = (frames[0].count("^") + 1) // records_a_frame
        columns = catalog.stream(tr_id).layout(width)
        few = frames[: 10 if records_a_frame > 1 else 100]
        times: dict[str, list[float]] = {"peer": [], "record": [], "all_columns": []}
        rows_of_peer = len(kis_way(frames[0], columns))
        for _ in range(rounds):
            record, all_columns = ways_of_ours(kind)
            times["peer"].append(seconds_a_frame(partial(kis_way, columns=columns), few))
            times["record"].append(seconds_a_frame(record, frames))
            times["all_columns"].append(seconds_a_frame(all_columns, frames))
        middle = {name: statistics.median(found) for name, found in times.items()}
        # The floor of the order book is for its full decoding, of trades for the record that is handed on.
        judged = middle["all_columns"] if kind == "book" else middle["record"]
        answer["rows"][kind] = {  # type: ignore[index]
            "records_a_frame": records_a_frame,
            "peer_rows_of_a_frame": rows_of_peer,
            "peer_microseconds_a_record": round(middle["peer"] / records_a_frame * 1e6, 1),
            "record_microseconds": round(middle["record"] / records_a_frame * 1e6, 3),
            "all_columns_microseconds": round(middle["all_columns"] / records_a_frame * 1e6, 3),
            "records_a_second": round(records_a_frame / middle["record"]),
            "ratio_record": round(middle["peer"] / middle["record"]),
            "ratio_all_columns": round(middle["peer"] / middle["all_columns"]),
            "floor": FLOORS[kind],
            "goal": GOALS[kind],
            "is_above_floor": middle["peer"] / judged >= FLOORS[kind],
        }
    json.dump(answer, sys.stdout, indent=2)
    print()


if __name__ == "__main__":
    main()
