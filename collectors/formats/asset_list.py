"""Lists of domains, addresses and ranges that people keep in a spreadsheet (CSV), or one a line."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from itertools import islice
from typing import TYPE_CHECKING, ClassVar
from urllib.parse import urlsplit

from agent.domain.display import inert_cell
from agent.domain.exposure import Reading
from agent.domain.wording import folded
from collectors.formats.interface import MIB, Limits, ProblemLog, Reader, Source, clip
from collectors.formats.text import decode, text_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_HEADINGS: dict[str, frozenset[str]] = {
    "name": frozenset(
        {
            "domaine", "domaines", "domain", "domains", "nom de domaine", "domain name", "sous domaine", "subdomain",
            "fqdn", "hostname", "host", "hote", "nom d hote", "url", "site web", "nom dns", "dns", "nom", "name",
            "actif", "asset",
        }
    ),
    "address": frozenset(
        {"ip", "ips", "adresse ip", "adresses ip", "ip address", "adresse", "adresses", "address", "ipv4", "ipv6"}
    ),
    "range": frozenset({"plage", "plage ip", "plages", "range", "ip range", "cidr", "reseau", "network", "subnet"}),
    "establishment": frozenset({"etablissement", "establishment", "entite", "entity", "structure", "finess"}),
    "owner": frozenset({"proprietaire", "owner", "responsable", "titulaire", "contact", "registrant"}),
}  # fmt: skip
_ASSET_COLUMNS = ("name", "address", "range")
# A scanner's table also has hosts; with one of these it is no list of assets.
_SCANNER_WORDS = re.compile(r"\b(?:cve|cvss|plugin|qid|severity|severite|vuln\w*|risk|criticite|nvt|finding)\b")
_DELIMITERS = (";", "\t", ",")
_SEPARATORS = re.compile(r"[\s|;,]+")
_LABEL = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)")
_INTERNAL_SUFFIXES = ("local", "lan", "internal", "intra", "intranet", "localdomain", "home.arpa", "corp", "test")
_LONGEST_NAME = 253
_WIDEST_PREFIX = {4: 8, 6: 16}
_SNIFFED_ROWS = 20
# What never leaves an organisation; the documentation ranges are left out, nobody lists them in earnest.
_PRIVATE = tuple(
    ip_network(text)
    for text in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
        "192.168.0.0/16", "224.0.0.0/3", "::/127", "fc00::/7", "fe80::/10", "ff00::/8",
    )
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Table:
    """How to read the text: its delimiter, the meaning of its columns, the lines above the first row."""

    delimiter: str
    columns: Mapping[int, str]
    skipped: int
    headed: bool = True


@dataclass(frozen=True, slots=True)
class _Asset:
    name: str
    kind: str
    public: bool


class NotAnAssetError(ValueError):
    """A cell holds no domain, address or range; the text says in French why."""


class AssetListReader(Reader):
    """
    One asset per name, address or range of each row.

    `summary.assets` is a list of `{"name", "asset_kind", "establishment", "owner", "public"}`
    in the order of the file.
    """

    format: ClassVar[str] = "asset_list"
    version: ClassVar[int] = 1
    kind: ClassVar[str] = "asset_list"
    title: ClassVar[str] = "Liste de domaines ou d'adresses (CSV)"
    rank: ClassVar[int] = 1
    max_bytes: ClassVar[int] = 64 * MIB

    def sniff(self, head: bytes, name: str) -> bool:
        del name
        text = text_of(head)
        table = _table(text) if text is not None and not text.lstrip().startswith(("<", "{", "[")) else None
        if text is None or table is None:
            return False
        verdicts: list[bool] = []
        try:
            for _, row in islice(_rows(text, table), _SNIFFED_ROWS):
                verdicts.extend(_is_asset(value) for _, value in _asset_cells(row, table))
        except csv.Error:
            return False
        return (any(verdicts) or not verdicts) if table.headed else bool(verdicts) and all(verdicts)

    def read(self, source: Source, limits: Limits) -> Reading:
        problems = ProblemLog(limits.problems)
        text, encoding, exact = decode(source.stream.read())
        complete = True
        if not exact or "\0" in text:
            complete = False
            problems.add("document", "Certains caractères n'ont pas pu être décodés : des lignes peuvent manquer.")
        table = _table(text)
        assets: list[dict[str, object]] = []
        rows = bad_rows = 0
        try:
            for line, row in _rows(text, table) if table else ():
                if rows >= limits.rows:
                    complete = False
                    problems.add(f"ligne {line}", f"La liste compte plus de {limits.rows} lignes : lecture arrêtée.")
                    break
                rows += 1
                found = list(_row_assets(line, row, table, problems, limits)) if table else []
                bad_rows += not found
                assets.extend(found)
        except csv.Error:
            complete = False
            problems.add("document", "Une cellule est démesurée ou mal fermée : la suite n'est pas lue.")
        return Reading(
            format=self.format,
            kind=self.kind,
            reader_version=self.version,
            complete=complete,
            problems=problems.all(),
            summary={"encoding": encoding, "rows": rows, "rows_without_asset": bad_rows, "assets": assets},
        )


def _table(text: str) -> _Table | None:
    """Return how to read `text`, None when nothing in it suggests a list of assets."""
    lines = text.splitlines()
    announced = re.fullmatch(r"sep=(.)", lines[0].strip()) if lines else None
    above = 1 if announced else 0
    heading = next(((above + index, line) for index, line in enumerate(lines[above:]) if line.strip()), None)
    if heading is None or _SCANNER_WORDS.search(folded(heading[1])):
        return None
    best: _Table | None = None
    for delimiter in (announced[1],) if announced else _DELIMITERS:
        columns = _columns(heading[1], delimiter)
        if any(meaning in _ASSET_COLUMNS for meaning in columns.values()) and (
            best is None or len(columns) > len(best.columns)
        ):
            best = _Table(delimiter, columns, heading[0] + 1)
    if best is not None:
        return best
    if _is_asset(re.split(r"[;,\t]", heading[1])[0]):
        delimiter = next((sign for sign in _DELIMITERS if sign in heading[1]), ";")
        return _Table(delimiter, {0: "name"}, above, headed=False)
    return None


def _columns(line: str, delimiter: str) -> dict[int, str]:
    cells = next(csv.reader([line], delimiter=delimiter), [])
    found: dict[int, str] = {}
    for index, cell in enumerate(cells):
        heading = folded(cell)
        meaning = next((meaning for meaning, names in _HEADINGS.items() if heading in names), None)
        if meaning is not None:
            found[index] = meaning
    return found


def _rows(text: str, table: _Table) -> Iterator[tuple[int, list[str]]]:
    """Yield (line number, cells) of each row that is not blank."""
    stream = io.StringIO(text, newline="")
    for _ in range(table.skipped):
        stream.readline()
    reader = csv.reader(stream, delimiter=table.delimiter)
    for row in reader:
        if any(cell.strip() for cell in row):
            yield table.skipped + reader.line_num, row


def _asset_cells(row: Sequence[str], table: _Table) -> Iterator[tuple[str, str]]:
    """Yield (meaning, one value) for each value of each asset column."""
    for index, meaning in table.columns.items():
        if meaning in _ASSET_COLUMNS and index < len(row):
            cell = re.sub(r"\s*-\s*(?=[0-9a-fA-F:.]+\s*$)", "-", row[index])
            yield from ((meaning, value) for value in _SEPARATORS.split(cell) if value)


def _row_assets(
    line: int, row: Sequence[str], table: _Table, problems: ProblemLog, limits: Limits
) -> Iterator[dict[str, object]]:
    about = {
        meaning: inert_cell(text)
        for index, meaning in table.columns.items()
        if meaning not in _ASSET_COLUMNS and index < len(row) and (text := clip(row[index], limits))
    }
    empty = True
    for _, value in _asset_cells(row, table):
        empty = False
        try:
            asset = _asset(value)
        except NotAnAssetError as error:
            problems.add(f"ligne {line}", f"« {value[:80]} » {error}")
            continue
        yield {
            "name": asset.name,
            "asset_kind": asset.kind,
            "establishment": about.get("establishment"),
            "owner": about.get("owner"),
            "public": asset.public,
        }
    if empty:
        problems.add(f"ligne {line}", "La ligne ne donne ni nom, ni adresse, ni plage.")


def _is_asset(cell: str) -> bool:
    try:
        _asset(cell.strip().strip('"'))
    except NotAnAssetError:
        return False
    return True


def _asset(value: str) -> _Asset:
    """Return the domain, address or range that `value` writes; raises NotAnAssetError."""
    if len(value) > _LONGEST_NAME + len("https://") + 64:
        raise NotAnAssetError("est trop long pour un nom ou une adresse.")
    try:
        return _from_address(ip_address(value))
    except ValueError:
        pass
    if "://" in value:
        return _asset(_url_host(value))
    if "/" in value:
        return _network(value)
    first, dash, last = value.partition("-")
    if dash and (low := _address(first)) is not None:
        return _interval(low, last)
    return _domain(value)


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(text.strip())
    except ValueError:
        return None


def _is_private(address: IPv4Address | IPv6Address) -> bool:
    return any(address in network for network in _PRIVATE if network.version == address.version)


def _from_address(address: IPv4Address | IPv6Address) -> _Asset:
    return _Asset(str(address), "address", not _is_private(address))


def _network(value: str) -> _Asset:
    try:
        network = ip_network(value, strict=False)
    except ValueError as error:
        raise NotAnAssetError("n'est ni une plage d'adresses, ni un nom.") from error
    if network.prefixlen < _WIDEST_PREFIX[network.version]:
        raise NotAnAssetError("est une plage trop large pour être celle d'un établissement.")
    if network.num_addresses == 1:
        return _from_address(network.network_address)
    private = _is_private(network.network_address) and _is_private(network.broadcast_address)
    return _Asset(str(network), "range", not private)


def _interval(low: IPv4Address | IPv6Address, last: str) -> _Asset:
    """Return the range `a-b`; the end may be only the last number of an IPv4 address."""
    text = last if "." in last or ":" in last else f"{str(low).rpartition('.')[0]}.{last}"
    high = _address(text)
    if high is None or high.version != low.version or int(high) < int(low):
        raise NotAnAssetError("n'est pas une plage : la fin doit être une adresse après le début.")
    return _Asset(f"{low}-{high}", "range", not (_is_private(low) and _is_private(high)))


def _url_host(value: str) -> str:
    try:
        host = urlsplit(value).hostname
    except ValueError as error:
        raise NotAnAssetError("n'est pas une adresse web.") from error
    if not host or "://" in host:
        raise NotAnAssetError("n'est pas une adresse web.")
    return host


def _domain(value: str) -> _Asset:
    """Return the domain `value` in its ASCII form; the star of a wildcard is dropped."""
    try:
        name = value.strip().rstrip(".").removeprefix("*.").lower().encode("idna").decode("ascii")
    except UnicodeError as error:
        raise NotAnAssetError("n'est pas un nom de domaine.") from error
    labels = name.split(".")
    if len(name) > _LONGEST_NAME or not all(_LABEL.fullmatch(label) for label in labels) or labels[-1].isdecimal():
        raise NotAnAssetError("n'est pas un nom de domaine.")
    if len(labels) == 1:
        raise NotAnAssetError("est un nom court : donnez le nom complet, avec son domaine.")
    internal = any(name.endswith("." + suffix) for suffix in _INTERNAL_SUFFIXES)
    return _Asset(name, "domain", not internal)
