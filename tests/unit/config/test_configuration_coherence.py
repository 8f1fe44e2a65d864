from __future__ import annotations

from collections.abc import Callable

import pytest

from config.finess import has_valid_check_digit
from config.load import Examination
from config.model import EXAMPLE_RECIPIENTS, UNNAMED
from tests.unit.config.conftest import RECIPIENTS

Examine = Callable[[str], Examination]
DIRECTORY = '[[directories]]\nid = "{id}"\nname = "AD"\nkind = "onprem"\n'
# What a minimal file does not declare.
BARE = ("directories", "surfaces", "channels")
SURFACE = '[[surfaces]]\nid = "s"\nname = "S"\n'


@pytest.mark.parametrize(
    ("added", "path"),
    [
        pytest.param(DIRECTORY.format(id="a") * 2, "directories[1].id", id="same-id-twice"),
        pytest.param(
            DIRECTORY.format(id="a") + 'replaces = ["b"]\n', "directories[0].replaces[0]", id="unknown-directory"
        ),
        pytest.param(DIRECTORY.format(id="a") + 'replaces = ["a"]\n', "directories[0].replaces", id="replaces-itself"),
        pytest.param(
            DIRECTORY.format(id="a") + "in_service = 2026-05-01\nretired = 2026-04-01\n",
            "directories[0].retired",
            id="retired-before-in-service",
        ),
        pytest.param(
            SURFACE + 'names = ["a.fr"]\nestablishments = ["x"]\n',
            "surfaces[0].establishments[0]",
            id="unknown-establishment",
        ),
        pytest.param(
            '[[people]]\nid = "p"\nname = "P"\nrole = "rssi"\nemail = "p@x.fr"\nchannels = ["c"]\n',
            "people[0].channels[0]",
            id="unknown-channel",
        ),
        pytest.param('[[targets]]\nid = "t"\nkind = "nowhere"\n', "targets[0].kind", id="unknown-target-kind"),
        pytest.param('[network]\nproxy_url = "http://u:p@proxy:3128"\n', "network.proxy_url", id="password-in-url"),
    ],
)
def test_what_does_not_hold_together_is_one_fault(examined: Examine, minimal: str, added: str, path: str) -> None:
    assert [where for where, _ in examined(minimal + added).problems] == [path]


def test_directories_that_replace_each_other_are_each_told(examined: Examine, minimal: str) -> None:
    text = minimal + DIRECTORY.format(id="a") + 'replaces = ["b"]\n' + DIRECTORY.format(id="b") + 'replaces = ["a"]\n'

    assert [where for where, _ in examined(text).problems] == ["directories[0].replaces", "directories[1].replaces"]


@pytest.mark.parametrize(
    ("old", "new", "path"),
    [
        pytest.param('path = "state"', 'path = "vault/state"', "state.path", id="state-in-vault"),
        pytest.param('path = "inbox"', 'path = "vault"', "vault.path", id="same-folder"),
        pytest.param('path = "inbox"', 'path = "x/../state/inbox"', "inbox.path", id="by-a-detour"),
        pytest.param("2026-03-02", "2026-03-02\ndeclaration = 2026-01-01", "programmes[0].declaration", id="dates"),
        pytest.param("D1BIS_2026", "D1BIS_2025", "programmes[0].id", id="unknown-programme"),
    ],
)
def test_a_changed_value_that_contradicts_another_is_a_fault(
    examined: Examine, minimal: str, old: str, new: str, path: str
) -> None:
    assert [where for where, _ in examined(minimal.replace(old, new)).problems] == [path]


def test_the_same_recipient_twice_is_not_a_recovery_key(examined: Examine, minimal: str) -> None:

    problems = examined(minimal.replace(RECIPIENTS[1], RECIPIENTS[0])).problems

    assert [where for where, _ in problems] == ["vault.recipients[1]"]


@pytest.mark.parametrize(
    ("old", "new", "path"),
    [
        pytest.param('type = "GHT"', 'type = "GHT"\nfiness = "750712185"', "candidate.finess", id="finess-check-digit"),
        pytest.param("support = true", "", "establishments", id="group-without-support"),
        pytest.param(
            "phase_start = 2026-03-02", "phase_start = 2026-01-01", "programmes[0].phase_start", id="outside-window"
        ),
    ],
)
def test_what_is_probably_not_meant_is_only_a_warning(
    examined: Examine, minimal: str, old: str, new: str, path: str
) -> None:
    found = examined(minimal.replace(old, new))

    assert found.problems == ()
    assert [where for where, _ in found.warnings if where not in BARE] == [path]


@pytest.mark.parametrize(
    ("added", "path"),
    [
        pytest.param(SURFACE, "surfaces[0]", id="surface-without-anything"),
        pytest.param(SURFACE + 'addresses = ["10.1.2.0/24"]\n', "surfaces[0].addresses[0]", id="private-address"),
        pytest.param(
            "".join(DIRECTORY.format(id=i) + 'domain_sid = "S-1-5-21-1-2-3"\n' for i in "ab"),
            "directories[1].domain_sid",
            id="same-domain-twice",
        ),
    ],
)
def test_an_addition_that_is_probably_not_meant_is_only_a_warning(
    examined: Examine, minimal: str, added: str, path: str
) -> None:
    found = examined(minimal + added)

    assert found.problems == ()
    assert [where for where, _ in found.warnings if where not in BARE] == [path]


def test_a_minimal_file_is_only_warned_of_what_it_does_not_declare(examined: Examine, minimal: str) -> None:
    assert [where for where, _ in examined(minimal).warnings] == list(BARE)


@pytest.mark.parametrize(
    ("old", "new", "path"),
    [
        pytest.param('name = "GHT Exemple"', f'name = "{UNNAMED}"', "candidate.name", id="candidate-to-complete"),
        pytest.param('name = "CH Exemple"', f'name = "{UNNAMED}"', "establishments[0].name", id="to-complete"),
        pytest.param(RECIPIENTS[0], EXAMPLE_RECIPIENTS[0], "vault.recipients", id="key-of-the-example"),
        pytest.param("version = 1", "version = 1\n[demo]\nas_of = 2026-05-01", "demo", id="demonstration"),
    ],
)
def test_what_is_not_ready_for_production_is_a_warning(
    examined: Examine, minimal: str, old: str, new: str, path: str
) -> None:
    found = examined(minimal.replace(old, new))

    assert found.problems == ()
    assert path in [where for where, _ in found.warnings]


@pytest.mark.parametrize("finess", ["750712184", "690781810", "010003820", "2B0000020", "2B0005342", "2B0004246"])
def test_published_finess_numbers_pass_their_check_digit(finess: str) -> None:
    assert has_valid_check_digit(finess)


@pytest.mark.parametrize("finess", ["750712185", "750721184", "2A0000020"])
def test_a_mistyped_finess_number_fails_its_check_digit(finess: str) -> None:
    assert not has_valid_check_digit(finess)


P3_PROGRAMME = ('id = "D1BIS_2026"\nphase_start = 2026-03-02', 'id = "P3_2026"\nphase_start = 2026-03-31')


def test_a_programme_without_an_end_needs_the_day_planned_for_the_declaration(examined: Examine, minimal: str) -> None:
    text = minimal.replace(*P3_PROGRAMME)
    planned = text.replace("phase_start = 2026-03-31", "phase_start = 2026-03-31\ndeclaration = 2027-06-30")

    assert [where for where, _ in examined(text).problems] == ["programmes[0].declaration"]
    assert not examined(planned).problems


def test_a_programme_that_audits_nothing_misses_no_directory_and_no_surface(examined: Examine, minimal: str) -> None:
    text = minimal.replace(*P3_PROGRAMME).replace("2026-03-31", "2026-03-31\ndeclaration = 2027-06-30")

    assert [where for where, _ in examined(text).warnings] == ["channels"]
