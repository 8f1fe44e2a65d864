"""The tables of the index, one step per release that changed them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlite_utils import Migrations

if TYPE_CHECKING:
    from sqlite_utils import Database

MIGRATIONS = Migrations("carenage-vault-index")


@MIGRATIONS()
def m001_first_tables(database: Database) -> None:
    """Make what derives from the journal, then what was read inside bags, by the bag's digest."""
    database.table("position").create({"lines": int, "root": bytes})
    database.table("deposits").create(
        {
            "id": str,
            "seq": int,
            "class": str,
            "t": str,
            "bytes": int,
            "stored_bytes": int,
            "path": str,
            "bag": str,
            "replaces": str,
            "reason": str,
            "person": str,
            "destroyed": int,
        },
        pk="id",
    )
    database.table("deposits").create_index(["bag"])
    database.table("payloads").create({"deposit_id": str, "number": int, "tag": str}, pk=("deposit_id", "number"))
    database.table("payloads").create_index(["tag"])
    database.table("contents").create(
        {"bag": str, "received_at": str, "facts_on": str, "collector": str, "subject": str}, pk="bag"
    )
    database.table("readings").create({"bag": str, "evidence_id": str, "reader": str, "reader_version": int}, pk="bag")
    database.table("readings").create_index(["evidence_id", "reader"])
    database.table("facts").create({"bag": str, "position": int, "kind": str, "data": str}, pk=("bag", "position"))
    database.table("facts").create_index(["kind"])
    database.table("decisions").create({"bag": str, "kind": str, "evidence_id": str, "record": str}, pk="bag")
