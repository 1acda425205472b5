"""The rows of the catalogue: one REST call with its TR ids, parameters, answer blocks and paging."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from kis_terminal.domain.errors import CorrectionNeeded

Environment = Literal["real", "paper"]
Kind = Literal["order", "amend", "cancel", "query", "auth"]
TrStatus = Literal["current", "alternative", "legacy"]
Shape = Literal["object", "array", "unknown"]

AMEND_OR_CANCEL = "RVSE_CNCL_DVSN_CD"
"""The request key that tells an amendment (01) from a cancellation (02) where one call does both."""


class CatalogError(CorrectionNeeded):
    """A call was described wrongly: unknown id, missing selector, missing or unknown parameter."""


@dataclass(frozen=True, slots=True)
class Decision:
    """A place where the sources differ: what was taken, what was not, and which source decided."""

    field: str
    taken: str
    instead_of: str
    decided_by: str


@dataclass(frozen=True, slots=True)
class TrId:
    """One TR id; `when` names the selector values that select it.

    Only `current` ids are ever chosen. `alternative` is what another source gives, `legacy` an older id that
    may be closed without notice.
    """

    tr_id: str
    environment: Environment
    when: tuple[tuple[str, tuple[str, ...]], ...] = ()
    status: TrStatus = "current"
    label: str = ""

    def matches(self, selectors: Mapping[str, str]) -> bool:
        """Tell whether every named selector has one of this id's values."""
        return all(selectors.get(name) in values for name, values in self.when)


@dataclass(frozen=True, slots=True)
class Selector:
    """What selects among TR ids: a name with its values; never sent itself.

    `parameter` is the request key that implies it (`codes`: sent value to selector value), if there is one.
    """

    name: str
    values: tuple[str, ...]
    default: str | None = None
    parameter: str | None = None
    codes: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Parameter:
    """One request key as it is sent.

    required: KIS wants the key with every request. default: what `Api.build` sends when it is not given;
    None leaves the key out. values: known codes with their Korean labels (not always complete, so they
    are offered and not enforced).
    """

    key: str
    label: str
    location: Literal["query", "body"]
    required: bool
    may_be_empty: bool
    default: str | None = None
    values: tuple[tuple[str, str], ...] = ()
    example: str | None = None


@dataclass(frozen=True, slots=True)
class OutputBlock:
    """One block of an answer: its key, whether it is one object or a list, and its fields with labels.

    `aliases` are other keys that a source gives for the same block; the case of keys varies in live answers.
    """

    key: str
    shape: Shape
    fields: Mapping[str, str]
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Paging:
    """How the next page is asked for.

    style: `context` (response header `tr_cont` in more_when; send `tr_cont: N` and the context strings back
    untouched), `cursor` (the same header, a key that is copied from the answer), `window` (no header: move
    the key back to before the oldest row), `unproven` (examples look at the header; no key is known).
    next_from: request key to response field, as `field`, `block.field` or `block[-1].field` (oldest row;
    `a+b` joins two fields).
    A key without an entry has no documented source.
    """

    style: Literal["context", "cursor", "window", "unproven"]
    keys: tuple[str, ...]
    next_from: Mapping[str, str]
    more_when: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Api:
    """One REST call.

    kind: what it does to orders. `amend` stands for calls that amend or cancel by a parameter or selector;
    `kind_of` tells which. retry_safe is never True for a call that creates, amends or cancels.
    paper_supported is None where no source tells. page_size: rows per call by environment, where known.
    reply_fields: fields of the answer that belong to no block, or whose block is not known.
    """

    id: str
    product: str
    group: str
    name: str
    document: str
    method: Literal["GET", "POST"]
    path: str
    kind: Kind
    retry_safe: bool
    paper_supported: bool | None
    tr_ids: tuple[TrId, ...]
    selectors: tuple[Selector, ...]
    parameters: tuple[Parameter, ...]
    open_parameters: bool
    outputs: tuple[OutputBlock, ...]
    reply_fields: Mapping[str, str]
    paging: Paging | None
    page_size: Mapping[str, int]
    decisions: tuple[Decision, ...]
    notes: tuple[str, ...]

    def tr_id(self, environment: Environment, **selectors: str) -> str:
        """Return the TR id to send; empty for the auth calls, which have none.

        Raises CatalogError naming the missing or wrong selector, or saying that paper does not have the call.
        """
        if environment == "paper" and self.paper_supported is not True:
            why = "is not available" if self.paper_supported is False else "is not documented"
            raise CatalogError(f"{self.id} ({self.name}) {why} for paper accounts.")
        if not self.tr_ids:
            return ""
        chosen = self._checked(selectors)
        current = [row for row in self.tr_ids if row.status == "current" and row.environment == environment]
        fitting = [row for row in current if row.matches(chosen)]
        if len(fitting) == 1:
            return fitting[0].tr_id
        missing = sorted({name for row in current for name, _ in row.when} - set(chosen))
        if missing:
            wanted = "; ".join(f"{name} = {' or '.join(self._values_of(name))}" for name in missing)
            raise CatalogError(f"{self.id} ({self.name}) needs {wanted} to choose its TR id.")
        given = ", ".join(f"{name}={value}" for name, value in sorted(chosen.items()))
        raise CatalogError(
            f"{self.id} ({self.name}) has no {environment} TR id for {given or 'no selector'}."
        )

    def selectors_from(self, values: Mapping[str, str]) -> dict[str, str]:
        """Derive the selectors that follow from request values, such as the exchange of an overseas order."""
        given = {key.upper(): value for key, value in values.items()}
        derived: dict[str, str] = {}
        for selector in self.selectors:
            if selector.parameter is None or selector.parameter not in given:
                continue
            code = given[selector.parameter]
            value = dict(selector.codes).get(code, code)
            if value in selector.values:
                derived[selector.name] = value
        return derived

    def kind_of(self, values: Mapping[str, str], **selectors: str) -> Kind:
        """Tell an amendment from a cancellation where one call does both; otherwise return `kind`."""
        if self.kind != "amend":
            return self.kind
        given = {key.upper(): value for key, value in values.items()}
        if selectors.get("action") == "cancel" or given.get(AMEND_OR_CANCEL) == "02":
            return "cancel"
        return "amend"

    def build(self, values: Mapping[str, str]) -> dict[str, str]:
        """Return the query or body in catalogue order, with defaults filled in; key case does not matter.

        Raises CatalogError with every missing, empty and unknown parameter in one sentence.
        """
        given = {key.upper(): (key, value) for key, value in values.items()}
        built: dict[str, str] = {}
        missing: list[str] = []
        empty: list[str] = []
        for parameter in self.parameters:
            found = given.pop(parameter.key.upper(), None)
            value = parameter.default if found is None else found[1]
            if value is None:
                if parameter.required:
                    missing.append(f"{parameter.key} ({parameter.label})")
                continue
            if value == "" and not parameter.may_be_empty:
                empty.append(f"{parameter.key} ({parameter.label})")
            built[parameter.key] = value
        if self.open_parameters:
            built.update(given.values())
            given = {}
        parts = [
            f"{word}: {', '.join(keys)}"
            for word, keys in (
                ("missing", missing),
                ("empty", empty),
                ("unknown", [key for key, _ in given.values()]),
            )
            if keys
        ]
        if parts:
            raise CatalogError(f"{self.id} ({self.name}) has wrong parameters; {'; '.join(parts)}.")
        return built

    def block(self, key: str) -> OutputBlock:
        """Return the answer block of that key or alias, whatever its case."""
        wanted = key.lower()
        for block in self.outputs:
            if wanted == block.key.lower() or wanted in (alias.lower() for alias in block.aliases):
                return block
        known = ", ".join(block.key for block in self.outputs) or "none"
        raise CatalogError(f"{self.id} ({self.name}) has no answer block {key}; known: {known}.")

    def label(self, field: str) -> str | None:
        """Return the Korean label of an answer field, whichever block it is in."""
        for block in self.outputs:
            if field in block.fields:
                return block.fields[field]
        return self.reply_fields.get(field)

    def _checked(self, selectors: Mapping[str, str]) -> dict[str, str]:
        known = {selector.name: selector for selector in self.selectors}
        wrong = [
            f"{name}={value}"
            for name, value in selectors.items()
            if name not in known or value not in known[name].values
        ]
        if wrong:
            offered = "; ".join(f"{row.name} = {' or '.join(row.values)}" for row in self.selectors) or "none"
            raise CatalogError(f"{self.id} ({self.name}) does not know {', '.join(wrong)}; known: {offered}.")
        defaults = {row.name: row.default for row in self.selectors if row.default is not None}
        return {**defaults, **selectors}

    def _values_of(self, name: str) -> tuple[str, ...]:
        return next((row.values for row in self.selectors if row.name == name), ())
