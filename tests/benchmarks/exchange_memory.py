"""Measure how the exchange's memory grows over an hour of its market, sped up; prints JSON.

    python tests/benchmarks/exchange_memory.py [--seconds 60] [--speed 60]

One minute at sixty times the speed is an hour of the market: three subscribers of 40 streams each (prints and
books), ten orders a second that rest and are cancelled or are executed, now and then a balance and a list of
orders. Growth is what the resident memory gained from the end of the warm-up (the first sixth) to the end,
for an hour of the market; and the same of the second half alone, which tells a leak from filling caches.
What every order leaves behind on purpose (ledger, order list) is told apart: `by_orders_mb` is that growth in
a second run of the same length with ten times the orders, per order, times the orders of the first.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import sys
import time
from typing import Any

from exchange_client import (
    Caller,
    Listener,
    Login,
    exchange,
    processor_seconds,
    resident_megabytes,
)

FLOOR = 10.0
SUBSCRIBERS = 3
ORDERS_A_SECOND = 10
ACCOUNT = {"CANO": "50000101", "ACNT_PRDT_CD": "01"}
TRADING = "/uapi/domestic-stock/v1/trading"
_HOUR = 3600.0


class Trader:
    """Send orders at a pace and look at the account now and then."""

    def __init__(self, login: Login) -> None:
        self._login = login
        self._rng = random.Random(1)
        self.taken = self.refused = 0

    async def live(self, a_second: float) -> None:
        """Trade until cancelled."""
        caller = await Caller.to(self._login.rest)
        last = 0
        for number in range(10**9):
            begun = time.perf_counter()
            if number % 20 == 0:
                last = await self._look(caller)
            await self._trade(caller, number, last)
            await asyncio.sleep(max(0.0, begun + 1 / a_second - time.perf_counter()))

    async def _look(self, caller: Caller) -> int:
        """Ask for the price, the balance and the orders; return the price."""
        price = await self._get(
            caller,
            "/uapi/domestic-stock/v1/quotations/inquire-price",
            "FHKST01010100",
            {"FID_COND_MRKT_DIV_CODE": "J", "FID_INPUT_ISCD": "005930"},
        )
        await self._get(
            caller,
            f"{TRADING}/inquire-balance",
            "TTTC8434R",
            {
                **ACCOUNT,
                "AFHR_FLPR_YN": "N",
                "OFL_YN": "",
                "INQR_DVSN": "01",
                "UNPR_DVSN": "01",
                "FUND_STTL_ICLD_YN": "N",
                "FNCG_AMT_AUTO_RDPT_YN": "N",
                "PRCS_DVSN": "00",
                "CTX_AREA_FK100": "",
                "CTX_AREA_NK100": "",
            },
        )
        return int(price["output"]["stck_prpr"])

    async def _get(self, caller: Caller, path: str, tr_id: str, values: dict[str, str]) -> Any:
        query = "&".join(f"{name}={value}" for name, value in values.items())
        status, body = await caller.send("GET", f"{path}?{query}", self._login.headers(tr_id))
        answer = json.loads(body)
        if status != 200 or answer["rt_cd"] != "0":
            raise RuntimeError(f"{path}: {body.decode()[:200]}")
        return answer

    async def _trade(self, caller: Caller, number: int, last: int) -> None:
        """Rest an order and cancel it, or buy and sell at the market."""
        is_resting = number % 2 == 0
        side = "TTTC0012U" if number % 4 < 2 else "TTTC0011U"
        far = last * 9 // 10 if side == "TTTC0012U" else last * 11 // 10
        order = {
            **ACCOUNT,
            "PDNO": "005930",
            "ORD_DVSN": "00" if is_resting else "01",
            "ORD_QTY": str(self._rng.randint(1, 3)),
            "ORD_UNPR": str(far - far % 100) if is_resting else "0",
            "EXCG_ID_DVSN_CD": "KRX",
        }
        answer = await self._post(caller, "order-cash", side, order)
        if is_resting and answer is not None:
            change = {
                **{
                    key: order[key]
                    for key in ("CANO", "ACNT_PRDT_CD", "ORD_DVSN", "ORD_QTY", "EXCG_ID_DVSN_CD")
                },
                "KRX_FWDG_ORD_ORGNO": answer["KRX_FWDG_ORD_ORGNO"],
                "ORGN_ODNO": answer["ODNO"],
                "RVSE_CNCL_DVSN_CD": "02",
                "ORD_UNPR": "0",
                "QTY_ALL_ORD_YN": "Y",
            }
            await self._post(caller, "order-rvsecncl", "TTTC0013U", change)

    async def _post(self, caller: Caller, name: str, tr_id: str, body: dict[str, str]) -> Any:
        status, answer = await caller.send(
            "POST", f"{TRADING}/{name}", self._login.headers(tr_id), json.dumps(body).encode()
        )
        told = json.loads(answer)
        if status == 200 and told["rt_cd"] == "0":
            self.taken += 1
            return told["output"]
        self.refused += 1
        return None


async def of_exchange(seconds: float, speed: float, a_second: float) -> dict[str, Any]:
    """Let the exchange live for so long."""
    from kis_terminal.adapters.simulator.listings import load_listings

    symbols = [listing.symbol for listing in load_listings()[: 20 * SUBSCRIBERS]]
    async with exchange("--speed", str(speed)) as address:
        logins = [await Login.at(address.rest, address.ws, f"memory{n}") for n in range(SUBSCRIBERS)]
        listeners = []
        for number, login in enumerate(logins):
            listener = await Listener.to(f"{address.ws}/tryitout")
            for symbol in symbols[number * 20 : number * 20 + 20]:
                for tr_id in ("H0STCNT0", "H0STASP0"):
                    listener.send(login.command(tr_id, symbol))
            listeners.append(listener)
        listeners[0].send(logins[0].command("H0STCNI0", "tester"))
        trader = Trader(logins[0])
        trading = asyncio.create_task(trader.live(a_second))
        empty = resident_megabytes(address.pid)
        used, begun = processor_seconds(address.pid), time.perf_counter()
        readings: list[float] = []
        for _ in range(12):
            await asyncio.wait({trading}, timeout=seconds / 12)
            if trading.done():
                trading.result()
            readings.append(round(resident_megabytes(address.pid), 1))
        wall, used = time.perf_counter() - begun, processor_seconds(address.pid) - used
        trading.cancel()
        await asyncio.gather(trading, return_exceptions=True)
        frames = sum(one.frames for one in listeners)
        lost = sum(one.is_lost for one in listeners)
        for listener in listeners:
            listener.close()
    market_hours = wall * speed / _HOUR
    warm, middle, last = readings[1], readings[5], readings[-1]
    return {
        "seconds": round(wall, 1),
        "market_hours": round(market_hours, 2),
        "orders_taken": trader.taken,
        "orders_refused": trader.refused,
        "frames_out": frames,
        "subscribers_lost": lost,
        "processor_percent": round(used / wall * 100, 1),
        "resident_at_start_mb": round(empty, 1),
        "resident_at_end_mb": last,
        "growth_mb_an_hour": round((last - warm) / (market_hours * 10 / 12), 1),
        "growth_of_second_half_mb_an_hour": round((last - middle) / (market_hours / 2), 1),
        "readings_mb": readings,
    }


def main() -> None:
    """Measure with few orders and with many."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--speed", type=float, default=60.0)
    options = parser.parse_args()
    found = asyncio.run(of_exchange(options.seconds, options.speed, ORDERS_A_SECOND))
    many = asyncio.run(of_exchange(options.seconds, options.speed, 10 * ORDERS_A_SECOND))
    more = max(many["orders_taken"] - found["orders_taken"], 1)
    kilobytes = (many["resident_at_end_mb"] - found["resident_at_end_mb"]) / more * 1e3
    answer = {
        "benchmark": "memory of the exchange over an hour at x60",
        **found,
        "kilobytes_an_order": round(kilobytes, 2),
        "by_orders_mb": round(kilobytes * found["orders_taken"] / 1e3, 1),
        "with_ten_times_the_orders": many,
        "floor": f"growth <= {FLOOR:g} MB/h of the market, nobody cut off",
        "is_above_floor": found["growth_mb_an_hour"] <= FLOOR and not found["subscribers_lost"],
    }
    json.dump(answer, sys.stdout, indent=2)
    print()


if __name__ == "__main__":
    main()
