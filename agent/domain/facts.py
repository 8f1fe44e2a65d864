"""
Facts: what was read from evidence, and what people decided.

A fact is kept in the vault as a deposit of its own (class `facts`) that names the
evidence, the reader and its version; a decision likewise (class `decision`). Facts travel
as JSON: dates are ISO text, here too but for those of spending, whose amounts are decimal
text there. `undecided` names the fields that a person must settle (`carenage inbox confirm`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class AdsAuditFact:
    """One ADS run: `score` is 1 to 5 as printed in the report, `date` the day of the run."""

    kind: Literal["ads_audit"] = "ads_audit"
    directory: str | None
    date: str | None
    score: float | None
    report_available_on: str | None = None
    undecided: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingFact:
    """One finding of an exposure audit as the rules need it: base score, label, asset."""

    id: str
    asset: str
    title: str
    cvss: float | None
    label: str | None
    scores: dict[str, float]
    state: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExposureAuditFact:
    """
    One exposure audit.

    `tool` is SILENE, INDUSTRIAL or CYBERSURVEILLANCE (None: awaiting a decision); `scope` and
    `hosts_seen` are names, addresses or ranges; `discovers` tells that the vendor declares
    discovery of sub-names. `findings` holds those at 7 or above, or with a top label;
    `unscored_critical` is what a person said of those without a score.
    """

    kind: Literal["exposure_audit"] = "exposure_audit"
    vendor: str
    vendor_id: str | None
    name: str | None
    tool: str | None
    date: str | None
    scope: tuple[str, ...] = ()
    hosts_seen: tuple[str, ...] = ()
    surfaces: tuple[str, ...] | None = None
    discovers: bool = False
    complete: bool = True
    findings: tuple[FindingFact, ...] = ()
    unscored_critical: bool | None = None
    undecided: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class OradadCollectionFact:
    """One ORADAD archive or log: whether the collection is complete, as far as the file tells."""

    kind: Literal["oradad_collection"] = "oradad_collection"
    directory: str | None
    date: str | None
    forest: str | None
    complete: bool | None
    problems: tuple[str, ...] = ()
    undecided: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectoryFact:
    """A directory as LDAP showed it, whole: the JSON document of `DirectorySnapshot`."""

    kind: Literal["directory"] = "directory"
    directory: str | None
    taken_at: str
    snapshot: dict[str, object]
    complete: bool = True
    undecided: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AssetFact:
    """One public name, address or range seen by one source."""

    name: str
    asset_kind: str  # "domain" | "address" | "range"
    establishment: str | None = None
    owner: str | None = None
    public: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class AssetListFact:
    """One source's list on one day; `complete` False means that absence proves nothing."""

    kind: Literal["asset_list"] = "asset_list"
    source: str
    taken_on: str | None
    assets: tuple[AssetFact, ...] = ()
    complete: bool = True
    undecided: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentFact:
    """A file nobody has classified yet, or a document that a person has named."""

    kind: Literal["document"] = "document"
    piece: str | None = None
    undecided: tuple[str, ...] = ("kind",)


@dataclass(frozen=True, slots=True, kw_only=True)
class SpendingLineFact:
    """
    One spending line as its table writes it; `where` is its place there, None what the table does not say.

    `amount` is euros in cents. `programme`, `objective`, `nature`, `category` and `start_stated_on` are as people
    typed them: what they mean is judged later. `engaged_on` is the engagement when it is not the order; `starts_on`
    the start of the work and `start_stated_on` the document that says so. `period` is a subscription's, or that of
    the staff's work; one end alone is None. `held_on` is an exercise's day. `other_funding`: the part that somebody
    else pays (ARS), None when nobody said. `decision`: what a person decided of a line in doubt, `justification` on
    what ground.
    """

    where: str
    amount: Decimal
    label: str = ""
    programme: str | None = None
    establishment: str | None = None
    objective: str | None = None
    nature: str | None = None
    category: str | None = None
    supplier: str | None = None
    order_number: str | None = None
    order_on: date | None = None
    invoice_number: str | None = None
    invoice_on: date | None = None
    engaged_on: date | None = None
    starts_on: date | None = None
    start_stated_on: str | None = None
    period_from: date | None = None
    period_to: date | None = None
    held_on: date | None = None
    other_funding: Decimal | None = None
    decision: bool | None = None
    justification: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultyRowFact:
    """A row of a spending table that cannot be used, and why, in French."""

    where: str
    label: str
    faults: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SpendingFact:
    """
    A table of spending: a later one of the same name (`table`, the file's) replaces it.

    `amounts` is TTC or HT where its heading says so. `complete` False: rows are faulty or could not be read.
    """

    kind: Literal["spending"] = "spending"
    table: str
    lines: tuple[SpendingLineFact, ...] = ()
    faulty: tuple[FaultyRowFact, ...] = ()
    amounts: str | None = None
    complete: bool = True
    undecided: tuple[str, ...] = ()


Fact = (
    AdsAuditFact
    | ExposureAuditFact
    | OradadCollectionFact
    | DirectoryFact
    | AssetListFact
    | SpendingFact
    | DocumentFact
)


@dataclass(frozen=True, slots=True, kw_only=True)
class FactsRecord:
    """What one reader understood of one evidence item."""

    evidence: str
    reader: str
    reader_version: int
    facts: tuple[Fact, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """
    What a person decided about a fact or an objective; later ones supersede.

    `values` are the settled fields (`directory`, `date`, `score`, `tool`, `surfaces`, `kind`…);
    `on` is the day of the decision, `person` who took it.
    """

    decision: str  # "confirm" | "reading" | "not_applicable" | …
    evidence: str | None
    subject: str | None
    person: str
    on: str
    reason: str | None
    values: dict[str, object]
