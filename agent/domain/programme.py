"""What a call for projects asks: its dates, its objectives, the rules they follow and the readings its texts admit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

ReadingValue = str | bool

READINGS: dict[str, tuple[ReadingValue, ...]] = {
    "mean_mode": ("edges", "between"),
    "mean_cmp": ("lt", "le"),
    "gap_cmp": ("lt", "le"),
    "ads_gap": ("apply", "phase_mean_only"),
    "first_audit": ("start_plus_60d", "start_plus_2m", "absolute"),
    "lost_report": ("not_counted", "counted"),
    "cvss9": ("ge", "gt"),
    "high_recurrence": ("blocking", "ignored"),
    "o2b_coverage": ("full", "flex"),
    "d1_interval": ("strict_2months", "tolerance", "each_60d"),
    "silene_in_sequence": ("ignored", "blocking"),
    "support_counts": (True, False),
    "migration": ("chain", "separate"),
    "d1_phase_end": ("declaration", "control"),
    "convergence_from": ("order_published", "applications_close", "declarations_close"),
    "p3_engaged": ("all", "three"),
}
"""Every reading the rules can follow, and the values they know; a programme says which it admits."""


class RuleName(StrEnum):
    """The rule that judges an objective's units (agent/domain/rules)."""

    CADENCE = "cadence"
    TWO_MONTH_INTERVAL = "two_month_interval"
    SCORE = "score"
    EXPOSURE_LEVEL = "exposure_level"


class Level(StrEnum):
    """
    Who a declared objective is asked of.

    `LEGAL_ENTITIES`: each establishment of a GHT (EJ) and of a private candidate (EG), the candidate
    itself when it is a public one outside a GHT. `ESTABLISHMENTS`: each of them, whatever the candidate.
    """

    LEGAL_ENTITIES = "legal_entities"
    ESTABLISHMENTS = "establishments"
    CANDIDATE = "candidate"


class Test(StrEnum):
    """What a condition asks of a declared field (agent/domain/rules/conditions.py)."""

    IS = "is"
    FILLED = "filled"
    WITHIN = "within"
    AT_LEAST = "at_least"
    ONE_OF = "one_of"
    INCLUDES = "includes"
    COVERS_PERIMETER = "covers_perimeter"
    UNTIL_MONTHS_AFTER = "until_months_after"
    YOUNGER_THAN_MONTHS = "younger_than_months"
    EVIDENCE = "evidence"
    REACHED = "reached"


class Channel(StrEnum):
    """The way by which a piece reaches the authority (reference: D1bis, Q/R 2.15, 3.30, 4.1, 4.2)."""

    ZED = "zed"
    ECARE = "ecare"
    OSIS = "osis"
    FINANCE_ZIP = "finance_zip"
    DESK = "desk"


class Origin(StrEnum):
    """Where a piece comes from: what the vault holds, or a declaration's evidence."""

    ADS_REPORTS = "ads_reports"
    EXPOSURE_REPORTS = "exposure_reports"
    DIRECTORY_DESCRIPTION = "directory_description"
    DOMAIN_LIST = "domain_list"
    ADDRESS_LIST = "address_list"
    DECLARATION = "declaration"
    OSIS_ENTRY = "osis_entry"
    SPENDING = "spending"


class Subject(StrEnum):
    """What an objective is about: its units."""

    DIRECTORIES = "directories"
    SURFACES = "surfaces"


class Aggregation(StrEnum):
    """How establishments make the candidate: all of them, a share of the activity, or as a reading says."""

    ALL = "all"
    SHARE = "share"
    BY_READING = "by_reading"


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where a rule or a reading is written: « D1bis, Q/R 3.16 »; `inferred` when the text only speaks of its like."""

    document: str
    question: str
    inferred: bool = False

    def __str__(self) -> str:
        return f"{self.document}, {self.question}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """
    One piece of an objective: how it is deposited, and where it comes from.

    `fact` and `slot` name the declaration's evidence it is (origin `DECLARATION`). `needed` False: asked only
    where a declaration of `fact` stands (a rescue path). `when`: what its fields must all say for the piece to be
    asked; `unless`: what any of them says where it is not (true: it says anything). `candidate_types` empty: every
    type. Of the pieces that share a `one_of`, one is enough. `advice`: welcome, never missing. `refuses`: words of
    a file's name that tell it is something else (an invoice for a proof). `dated_by`: the
    field that dates it, and on which the objective's conditions judge its age. `todo` tells people, in French,
    how to get it when it is missing.
    """

    id: str
    label: str
    channel: Channel
    origin: Origin
    todo: str
    fact: str | None = None
    slot: str | None = None
    needed: bool = True
    one_of: str | None = None
    dated_by: str | None = None
    candidate_types: tuple[str, ...] = ()
    advice: bool = False
    refuses: tuple[str, ...] = ()
    when: Mapping[str, object] = field(default_factory=dict)
    unless: Mapping[str, object] = field(default_factory=dict)
    sources: tuple[Source, ...] = ()

    def is_refused(self, file_name: str) -> bool:
        """Return whether the name of a file tells that it is not this piece."""
        return any(word in file_name.casefold() for word in self.refuses)


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """
    One thing asked of a declared fact: the `test` of its `field` against `value` (None where it takes none).

    `group`: conditions of one group stand together as one way to reach the objective; one whole group is
    enough. `advice`: said, never blocking. `shared`: asked only of what is said of several units at once. Days in
    `value` are ISO text or names of `Programme.days`. `fact`: the kind of fact it looks at, None: the
    objective's. `REACHED` looks at none: `field` is a named day.
    """

    field: str
    test: Test
    value: object
    label: str
    fact: str | None = None
    group: str | None = None
    advice: bool = False
    shared: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclaredObjective:
    """
    An objective (or prerequisite) judged on what people declared.

    `rule` names the module of agent/domain/rules that judges one unit; `fact` the kind of fact it looks at,
    `parameters` what that rule needs besides. `candidate_types` empty: every type; `optional`: judged only
    once the candidate has chosen it. `share_percent`: establishments of that share of the activity are enough.
    """

    id: str
    label: str
    rule: str
    level: Level
    fact: str
    sources: tuple[Source, ...]
    pieces: tuple[Piece, ...]
    conditions: tuple[Condition, ...] = ()
    candidate_types: tuple[str, ...] = ()
    readings: Mapping[str, tuple[ReadingValue, ...]] = field(default_factory=dict)
    parameters: Mapping[str, object] = field(default_factory=dict)
    optional: bool = False
    share_percent: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The figures of the rules: a programme's own, unless a scenario overrides them. Days unless named otherwise."""

    warn_days: int
    mean_days: int
    gap_days: int
    o2b_last_max_age: int
    antepenultimate_days: int
    share_threshold: int | float
    min_establishments: int
    report_months: int
    min_score: int | float
    lead_days_ads: int
    lead_days_industrial: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """The days on which the operational phase may start, both included; `closes_on` yields to an earlier validation."""

    opens_on: date
    closes_on: date
    closes_at_validation: bool

    def bounds(self, validated_on: date | None) -> tuple[date, date]:
        """Return the first and last admissible start."""
        if self.closes_at_validation and validated_on is not None:
            return self.opens_on, max(self.opens_on, min(self.closes_on, validated_on))
        return self.opens_on, self.closes_on


@dataclass(frozen=True, slots=True, kw_only=True)
class Objective:
    """
    One objective: the rule its units follow, and the tools whose audits count.

    `readings` gives, for each reading that bears on it, the values admitted by default.
    `citations` gives the sources of one test of the rule (first_audit, gap, mean…), where they are its own.
    The other parameters belong to the cadence (`first_audit_*`, `interval_months`) or to the
    exposure level (`last_audit_ages`, `antepenultimate`, `high_recurrence`).
    """

    id: str
    label: str
    rule: RuleName
    subject: Subject
    aggregation: Aggregation
    tools: tuple[str, ...]
    readings: Mapping[str, tuple[ReadingValue, ...]]
    sources: tuple[Source, ...]
    pieces: tuple[Piece, ...]
    citations: Mapping[str, tuple[Source, ...]] = field(default_factory=dict)
    first_audit_by: date | None = None
    interval_months: int = 0
    last_audit_ages: bool = False
    antepenultimate: bool = False
    high_recurrence: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingNote:
    """What a reading is about, for people: the question the texts leave open, and where they do."""

    question: str
    sources: tuple[Source, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Programme:
    """
    One call for projects, as its texts stood on `dated`.

    `last_day` None: the texts give no end, the candidate's planned declaration stands for it. `days` are the
    dates its conditions name (an order's publication, …). `medico_social`: it looks at the establishments
    that the other programmes leave out. `pieces` are asked once, whatever the objective (financial statement).
    """

    id: str
    version: str
    dated: date
    label: str
    window: Window
    last_day: date | None
    settings: Settings
    objectives: tuple[Objective, ...]
    reading_notes: Mapping[str, ReadingNote]
    declared: tuple[DeclaredObjective, ...] = ()
    prerequisites: tuple[DeclaredObjective, ...] = ()
    pieces: tuple[Piece, ...] = ()
    days: Mapping[str, date] = field(default_factory=dict)
    medico_social: bool = False
    phase_sources: tuple[Source, ...] = ()

    def objective(self, objective_id: str) -> Objective:
        """Return an audited objective by its id; raises KeyError when the programme has none of that name."""
        for objective in self.objectives:
            if objective.id == objective_id:
                return objective
        raise KeyError(objective_id)

    def label_of(self, objective_id: str) -> str:
        """Return the French label of any objective or prerequisite; raises KeyError for an unknown one."""
        labels = {one.id: one.label for one in self.objectives}
        labels |= {one.id: one.label for one in (*self.declared, *self.prerequisites)}
        return labels[objective_id]

    @property
    def order(self) -> tuple[str, ...]:
        """Return the ids of all objectives as people list them."""
        return tuple(sorted([*(one.id for one in self.objectives), *(one.id for one in self.declared)]))
