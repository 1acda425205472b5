"""Price European options on a future (Black 1976) with their sensitivities."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class OptionValue:
    """Value in points; theta a day, vega and rho a percent."""

    price: float
    delta: float
    gamma: float
    theta: float
    vega: float
    rho: float


def black_76(
    forward: float, strike: float, years: float, volatility: float, interest: float, *, is_call: bool
) -> OptionValue:
    """Return the value of an option; at or past its expiry what it is worth exercised."""
    sign = 1.0 if is_call else -1.0
    intrinsic = max(sign * (forward - strike), 0.0)
    if years <= 0.0:
        return OptionValue(intrinsic, sign if intrinsic else 0.0, 0.0, 0.0, 0.0, 0.0)
    discount = math.exp(-interest * years)
    deviation = volatility * math.sqrt(years)
    d1 = math.log(forward / strike) / deviation + deviation / 2.0
    d2 = d1 - deviation
    price = discount * sign * (forward * _below(sign * d1) - strike * _below(sign * d2))
    density = math.exp(-d1 * d1 / 2.0) / math.sqrt(2.0 * math.pi)
    gamma = discount * density / (forward * deviation)
    vega = discount * forward * density * math.sqrt(years)
    return OptionValue(
        price=max(price, 0.0),
        delta=discount * sign * _below(sign * d1),
        gamma=gamma,
        theta=(interest * price - vega * volatility / (2.0 * years)) / 365.0,
        vega=vega / 100.0,
        rho=-years * price / 100.0,
    )


def _below(value: float) -> float:
    """Return the standard normal distribution function."""
    return 0.5 * math.erfc(-value / math.sqrt(2.0))
