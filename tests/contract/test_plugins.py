"""What every plugin of every family owes the house, found through the registries as a configuration would find it."""

from __future__ import annotations

import inspect
import re
from importlib import import_module
from io import BytesIO
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from agent.alerts import registry as channels
from agent.alerts.interface import Channel, ChannelSettings
from agent.domain.errors import ConfigurationError, UsageError
from agent.domain.evidence import EvidenceClass
from agent.domain.secret import Secret
from agent.services.receive import CLASSES
from collectors import registry as collectors
from collectors.formats import registry as formats
from collectors.formats.interface import Limits, Reader, Source
from collectors.interface import Collector, CollectorSettings
from config.annotations import alternatives
from config.plugin_settings import installed_registries
from config.programme_files import load_programme, programme_ids
from tests.fakes.channel import FakeChannel
from tests.fakes.collector import FakeCollector

FRENCH = re.compile(r"[A-ZÀÉ].*")
_ENGLISH = re.compile(r"\b(the|and|with|of|for)\b", re.IGNORECASE)


FAMILIES: dict[str, Any] = {"collector": collectors, "channel": channels}
PLUGINS = [
    *(
        pytest.param(registry.load(kind), id=f"{family}-{kind}")
        for family, registry in FAMILIES.items()
        for kind in registry.kinds()
    ),
    # What stands in for them in other tests owes the same.
    pytest.param(FakeCollector, id="fake-collector"),
    pytest.param(FakeChannel, id="fake-channel"),
]
READERS, NOT_LOADED = formats.readers()


def test_every_format_loads() -> None:
    assert NOT_LOADED == []


@pytest.mark.parametrize("plugin", PLUGINS)
def test_it_says_what_it_is_in_french(plugin: Any) -> None:
    assert FRENCH.fullmatch(plugin.title)
    assert not _ENGLISH.search(plugin.title)
    assert inspect.getdoc(plugin)


@pytest.mark.parametrize("plugin", PLUGINS)
def test_its_settings_are_closed_unchangeable_and_documented(plugin: Any) -> None:
    settings: type[BaseModel] = plugin.settings_type

    assert settings.model_config["extra"] == "forbid"
    assert settings.model_config["frozen"] is True
    undocumented = [name for name, field in settings.model_fields.items() if not field.description]
    assert undocumented == []
    with pytest.raises(ValidationError) as caught:
        settings.model_validate({"cle_inconnue": 1})
    assert any(fault["type"] == "extra_forbidden" for fault in caught.value.errors())


@pytest.mark.parametrize("plugin", PLUGINS)
def test_what_sounds_like_a_secret_is_one(plugin: Any) -> None:
    for name, field in plugin.settings_type.model_fields.items():
        if re.search(r"password|secret|access_key|token", name):
            assert Secret in set(alternatives(field.annotation)), name


@pytest.mark.parametrize("kind", sorted(collectors.kinds()))
def test_a_collector_is_alone_in_a_module_of_its_name_and_family(kind: str) -> None:
    plugin = collectors.load(kind)

    assert (plugin.name, plugin.family) == (kind, collectors.kinds()[kind])
    assert plugin.__module__ == f"collectors.{plugin.family}.{kind}"
    assert issubclass(plugin, Collector)
    assert issubclass(plugin.settings_type, CollectorSettings)
    assert plugin.evidence_class in set(EvidenceClass) - {EvidenceClass.FACTS, EvidenceClass.DECISION}


@pytest.mark.parametrize("kind", channels.kinds())
def test_a_channel_is_alone_in_a_module_of_its_name(kind: str) -> None:
    plugin = channels.load(kind)

    assert (plugin.name, plugin.__module__) == (kind, f"agent.alerts.channels.{kind}")
    assert issubclass(plugin, Channel)
    assert issubclass(plugin.settings_type, ChannelSettings)


@pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.format)
def test_a_reader_has_the_name_of_its_module_and_a_kind_that_is_sealed_under_a_class(reader: Reader) -> None:
    module = type(reader).__module__.rpartition(".")[2]

    assert module in {reader.format, "sealed"}
    assert reader.kind in CLASSES
    assert reader.version >= 1
    assert FRENCH.fullmatch(reader.title)
    assert 0 <= reader.rank <= 2


def test_no_two_readers_share_a_format_name() -> None:
    names = [reader.format for reader in READERS]

    assert len(names) == len(set(names))


@pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.format)
@pytest.mark.parametrize(
    "head",
    [b"", b"\0" * 64, b"\xff\xfe", b"<", b"{", b"PK\x03\x04", bytes(range(256)) * 16],
    ids=["empty", "zeroes", "mark", "tag", "brace", "zip", "every byte"],
)
def test_a_reader_looks_at_anything_without_failing(reader: Reader, head: bytes) -> None:
    assert reader.sniff(head, "../../nom\n.xml") in {True, False}


@pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.format)
@pytest.mark.parametrize(
    "content", [b"", b"\0\1\2", b"<a>", b"{}", b"a;b\n"], ids=["empty", "binary", "xml", "json", "csv"]
)
def test_a_reader_answers_about_what_it_cannot_read_and_never_calls_it_whole(reader: Reader, content: bytes) -> None:
    if not reader.sniff(content, "rapport"):
        return
    reading = reader.read(Source(stream=BytesIO(content), name="rapport", size=len(content)), Limits())

    assert (reading.format, reading.reader_version) == (reader.format, reader.version)
    assert reading.complete is False or reader.kind in {"document", "asset_list"}


@pytest.mark.parametrize("family", sorted(installed_registries()))
def test_an_unknown_kind_is_refused_with_the_known_ones(family: str) -> None:
    registry = installed_registries()[family]

    with pytest.raises(ConfigurationError) as caught:
        registry.load("nessie")
    known = list(registry.kinds())
    assert not known or all(kind in str(caught.value.hint) for kind in known)


def test_an_unknown_format_is_refused_with_the_known_ones() -> None:
    with pytest.raises(UsageError) as caught:
        formats.load("nessie")
    assert all(name in str(caught.value.hint) for name in formats.formats())


@pytest.mark.parametrize("programme_id", programme_ids())
def test_a_programme_is_in_the_file_of_its_name_and_every_objective_says_its_source(programme_id: str) -> None:
    programme = load_programme(programme_id)

    assert programme.id == programme_id
    assert programme.label
    rules = {one.id: (one.rule.value, one.sources, one.readings) for one in programme.objectives}
    rules |= {one.id: (one.rule, one.sources, one.readings) for one in (*programme.declared, *programme.prerequisites)}
    assert rules
    for objective, (rule, sources, readings) in rules.items():
        assert programme.label_of(objective)
        assert sources
        assert inspect.getdoc(import_module(f"agent.domain.rules.{rule}"))
        assert set(readings) <= set(programme.reading_notes)
