"""Build the records of the index streams: the index, the index that auctions would make, program trading."""

from __future__ import annotations

from collections.abc import Mapping

from kis_terminal.adapters.simulator.handlers.programs import day_columns
from kis_terminal.adapters.simulator.reference.index_market import IndexSnapshot
from kis_terminal.adapters.simulator.reference.investor_split import Trading
from kis_terminal.adapters.simulator.wire.columns import sign_code, signed
from kis_terminal.adapters.simulator.wire.formats import MILLION, clock_text, ratio

THOUSAND = 1_000
PROGRAM_COLUMNS = """\
bstp_cls_code bsop_hour arbt_seln_entm_cnqn arbt_seln_onsl_cnqn arbt_shnu_entm_cnqn arbt_shnu_onsl_cnqn
nabt_seln_entm_cnqn nabt_seln_onsl_cnqn nabt_shnu_entm_cnqn nabt_shnu_onsl_cnqn arbt_seln_entm_cntg_amt
arbt_seln_onsl_cntg_amt arbt_shnu_entm_cntg_amt arbt_shnu_onsl_cntg_amt nabt_seln_entm_cntg_amt
nabt_seln_onsl_cntg_amt nabt_shnu_entm_cntg_amt nabt_shnu_onsl_cntg_amt arbt_smtn_seln_vol
arbt_smtm_seln_vol_rate arbt_smtn_seln_tr_pbmn arbt_smtm_seln_tr_pbmn_rate arbt_smtn_shnu_vol
arbt_smtm_shnu_vol_rate arbt_smtn_shnu_tr_pbmn arbt_smtm_shnu_tr_pbmn_rate arbt_smtn_ntby_qty
arbt_smtm_ntby_qty_rate arbt_smtn_ntby_tr_pbmn arbt_smtm_ntby_tr_pbmn_rate nabt_smtn_seln_vol
nabt_smtm_seln_vol_rate nabt_smtn_seln_tr_pbmn nabt_smtm_seln_tr_pbmn_rate nabt_smtn_shnu_vol
nabt_smtm_shnu_vol_rate nabt_smtn_shnu_tr_pbmn nabt_smtm_shnu_tr_pbmn_rate nabt_smtn_ntby_qty
nabt_smtm_ntby_qty_rate nabt_smtn_ntby_tr_pbmn nabt_smtm_ntby_tr_pbmn_rate whol_entm_seln_vol
entm_seln_vol_rate whol_entm_seln_tr_pbmn entm_seln_tr_pbmn_rate whol_entm_shnu_vol entm_shnu_vol_rate
whol_entm_shnu_tr_pbmn entm_shnu_tr_pbmn_rate whol_entm_ntby_qt entm_ntby_qty_rat whol_entm_ntby_tr_pbmn
entm_ntby_tr_pbmn_rate whol_onsl_seln_vol onsl_seln_vol_rate whol_onsl_seln_tr_pbmn onsl_seln_tr_pbmn_rate
whol_onsl_shnu_vol onsl_shnu_vol_rate whol_onsl_shnu_tr_pbmn onsl_shnu_tr_pbmn_rate whol_onsl_ntby_qty
onsl_ntby_qty_rate whol_onsl_ntby_tr_pbmn onsl_ntby_tr_pbmn_rate total_seln_qty whol_seln_vol_rate
total_seln_tr_pbmn whol_seln_tr_pbmn_rate shnu_cntg_smtn whol_shun_vol_rate total_shnu_tr_pbmn
whol_shun_tr_pbmn_rate whol_ntby_qty whol_smtm_ntby_qty_rate whol_ntby_tr_pbmn whol_ntby_tr_pbmn_rate
arbt_entm_ntby_qty arbt_entm_ntby_tr_pbmn arbt_onsl_ntby_qty arbt_onsl_ntby_tr_pbmn nabt_entm_ntby_qty
nabt_entm_ntby_tr_pbmn nabt_onsl_ntby_qty nabt_onsl_ntby_tr_pbmn acml_vol acml_tr_pbmn
"""
_CLIENT_AND_OWN = ("entm", "onsl")


def index_record(now: IndexSnapshot, before: tuple[int, int], level: float | None = None) -> str:
    """Return one record of H0UPCNT0; with a `level`, which auctions would make, one of H0UPANC0.

    `before` is volume and turnover at the record before, so that this one tells what came since.
    """
    shown = now.last if level is None else level
    previous = now.previous
    fields = (
        now.rule.code,
        clock_text(now.time),
        signed(shown),
        sign_code(round(shown - previous, 2)),
        signed(shown - previous),
        str(now.volume // THOUSAND),
        str(now.turnover // MILLION),
        str(max(now.volume - before[0], 0) // THOUSAND),
        str(max(now.turnover - before[1], 0) // MILLION),
        signed(ratio(shown - previous, previous)),
        signed(now.open),
        signed(now.high),
        signed(now.low),
        *_since(now.open, previous),
        *_since(now.high, previous),
        *_since(now.low, previous),
        signed(ratio(now.open - previous, previous)),
        signed(ratio(now.high - previous, previous)),
        signed(ratio(now.low - previous, previous)),
        str(now.at_upper),
        str(now.rising),
        str(now.flat),
        str(now.falling),
        str(now.at_lower),
        "0",
        "0",
        str(now.rising - now.falling),
    )
    return "^".join(fields)


def _since(price: float, previous: float) -> tuple[str, str]:
    return signed(price - previous), sign_code(round(price - previous, 2))


def program_record(now: IndexSnapshot, found: Mapping[str, Trading]) -> str:
    """Return one record of H0UPPGM0; shares in thousands, amounts in millions of won."""
    values = day_columns(found, now.volume, now.turnover)
    values |= {
        # Of the two sides alone, by whom: clients (위탁) or the members themselves (자기).
        f"{kind}_{side}_{owner}_{word}": values[f"{kind}_{owner}_{side}_{column}"]
        for kind in ("arbt", "nabt")
        for side in ("seln", "shnu")
        for owner in _CLIENT_AND_OWN
        for word, column in (("cnqn", "vol"), ("cntg_amt", "tr_pbmn"))
    }
    for owner in _CLIENT_AND_OWN:
        for name in [name for name in values if name.startswith(f"whol_{owner}_")]:
            values[name.removeprefix("whol_")] = values[name]
    values |= {
        "whol_entm_ntby_qt": values["whol_entm_ntby_qty"],
        "entm_ntby_qty_rat": values["whol_entm_ntby_qty_rate"],
        "total_seln_qty": values["whol_smtn_seln_vol"],
        "total_seln_tr_pbmn": values["whol_smtn_seln_tr_pbmn"],
        "shnu_cntg_smtn": values["whol_smtn_shnu_vol"],
        "total_shnu_tr_pbmn": values["whol_smtn_shnu_tr_pbmn"],
        "whol_smtm_ntby_qty_rate": values["whol_smtn_ntby_qty_rate"],
        "bstp_cls_code": now.rule.code,
        "bsop_hour": clock_text(now.time),
        "acml_vol": str(now.volume // THOUSAND),
        "acml_tr_pbmn": str(now.turnover // MILLION),
    }
    return "^".join(values[name] for name in PROGRAM_COLUMNS.split())
