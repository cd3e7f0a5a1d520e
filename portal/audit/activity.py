"""The activity of one thing as a list: the same columns on the page of a key, a webhook or a feed of events."""

from portal.audit.changes import changes_of
from portal.audit.model import AuditRow
from portal.web.tables import Column, Search, Table


def activity_table(name: str, *, addresses: bool = True) -> Table:
    """The list `name` of audit rows about one thing, the newest first; without `addresses` from where is not shown."""
    where = [Column("address", "Address", sort=AuditRow.address)] if addresses else []
    searched = [AuditRow.action, AuditRow.actor_label] + ([AuditRow.address] if addresses else [])
    return Table(
        name,
        [
            Column("at", "When", sort=AuditRow.id, kind="time", pinned=True),
            Column("actor", "Who", value=lambda row: row.actor_label, sort=AuditRow.actor_label),
            Column("action", "What", value=_verb, sort=AuditRow.action),
            Column("changes", "Before and after", value=changes_of, csv=lambda row: "; ".join(map(str, changes_of(row)))),
            *where,
        ],
        filters=[Search(searched, label="What, who or address" if addresses else "What or who")],
        order="-at",
        noun=("change", "changes"),
        keep=("tab",),
    )


def _verb(row: AuditRow) -> str:
    """`key.rotated_at_once` → `Rotated at once`: which thing it is, the page says."""
    return row.action.partition(".")[2].replace("_", " ").capitalize()
