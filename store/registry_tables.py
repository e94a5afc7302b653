"""The tables of the registry of shops beside `contact` and `shop`: files that are read in, and numbers that must not
be advertised to.
"""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Integer, LargeBinary, String, Table, UniqueConstraint

from store.tables import EncryptedText, Id, Json, UtcDateTime, metadata

__all__ = ["do_not_call", "file_import", "import_row", "metadata"]

# A file that somebody uploaded, until it is read in, and what became of its rows. Both files are encrypted, and go
# when their time is over (rule "imports").
file_import = Table(
    "file_import",
    metadata,
    Column("id", Id, primary_key=True),
    Column("kind", String(20), nullable=False),  # shops | opt_outs | do_not_call
    Column("province", String(40), nullable=False),
    Column("file_name", EncryptedText, nullable=False),
    Column("content", LargeBinary),  # as it was uploaded, until its end; null: a command holds the file
    Column("outline", EncryptedText),  # JSON of its first rows, while the columns are chosen
    Column("mapping", Json),  # our field → column of the file
    Column("basis", Json),  # what consent the rows come with: basis, source, day
    Column("dry", Json),  # what reading it in would do: created, merged, refused, reasons
    # of programme.file_imports.Import: uploaded, columns, checking, checked, waiting, running, done, failed, cancelled
    Column("status", String(10), nullable=False),
    Column("error", String(60)),
    Column("rows", Integer, nullable=False, server_default="0"),
    Column("read_rows", Integer, nullable=False, server_default="0"),  # how far it has come; a restart goes on there
    Column("created", Integer, nullable=False, server_default="0"),
    Column("merged", Integer, nullable=False, server_default="0"),
    Column("refused", Integer, nullable=False, server_default="0"),
    Column("holder", String(32)),
    Column("lease_until", UtcDateTime),
    Column("actor", String(80), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("done_at", UtcDateTime),
)

# Rows of a file that were not taken as they are, for the file of results.
import_row = Table(
    "import_row",
    metadata,
    Column("id", Id, primary_key=True),
    Column("import_id", Id, ForeignKey("file_import.id", ondelete="CASCADE"), nullable=False),
    Column("row", Integer, nullable=False),  # as the spreadsheet numbers it
    Column("outcome", String(10), nullable=False),  # refused | merged | created
    Column("reason", String(40), nullable=False, server_default=""),
    Column("values", EncryptedText),  # JSON of the row's cells, of refused rows
    UniqueConstraint("import_id", "row"),
)

# The national do-not-call register's numbers (Decree 91/2020/NĐ-CP, article 7), as store.forgotten.phone_key has them.
do_not_call = Table(
    "do_not_call",
    metadata,
    Column("phone_key", LargeBinary, primary_key=True),
    Column("source", String(80), nullable=False),
    Column("listed_at", UtcDateTime, nullable=False),
)
Index("ix_file_import_status", file_import.c.status)
