"""The exchange's folders: the market stands on its rules and knows nothing of who asks it."""

from __future__ import annotations

from tests.support.source_tree import modules, own_target

EXCHANGE = "adapters.simulator."
MARKET = ("rules", "history", "books", "orders", "days")
"""Each may import what stands before it; the top's `model` and `listings` are everybody's."""


def folder_of(name: str) -> str:
    """Return `books` for `adapters.simulator.books.tape`, and the name itself for a module of the top."""
    return name.removeprefix(EXCHANGE).split(".")[0]


def test_the_market_knows_nothing_of_the_wire_and_its_folders_stand_on_each_other() -> None:
    known = modules()
    wrong = []
    for module in known.values():
        if not module.name.startswith(EXCHANGE) or folder_of(module.name) not in MARKET:
            continue
        allowed = {"model", "listings", *MARKET[: MARKET.index(folder_of(module.name)) + 1]}
        for imported, line in module.imports:
            target = own_target(imported, known) or ""
            if target.startswith(EXCHANGE) and folder_of(target) not in allowed:
                wrong.append(f"{module.at(line)}: imports {target}")

    assert not wrong, "\n".join(wrong)
