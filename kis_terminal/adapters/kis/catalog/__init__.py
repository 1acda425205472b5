"""Every REST call and stream of the KIS Open API as data.

    catalog = Catalog()                                  # reads nothing
    api = catalog.api("domestic_stock.order_cash")       # reads the file of that product, once
    api.tr_id("paper", side="buy")                       # 'VTTC0012U'
    api.build({"CANO": "...", ...})                      # the body, in order, checked
    catalog.stream("H0STCNT0").columns

The rows lie in `data/`, a file per product with one API per line; `packaging/build_catalog.py` writes them.
Facts: the broker's API workbook of 2026-06-03, its official examples, and the notes on the protocol of
2026-11-22. Where these disagree the row says which was taken (`decisions`). For all rows: order and spelling
of parameters and field labels are the workbook's, then the examples'; numeric columns are the examples'.
"""

from kis_terminal.adapters.kis.catalog.loader import Catalog, Entry, ProductRows
from kis_terminal.adapters.kis.catalog.rows import (
    Api,
    CatalogError,
    Decision,
    Environment,
    Kind,
    OutputBlock,
    Paging,
    Parameter,
    Selector,
    TrId,
)
from kis_terminal.adapters.kis.catalog.streams import Stream

__all__ = [
    "Api",
    "Catalog",
    "CatalogError",
    "Decision",
    "Entry",
    "Environment",
    "Kind",
    "OutputBlock",
    "Paging",
    "Parameter",
    "ProductRows",
    "Selector",
    "Stream",
    "TrId",
]
