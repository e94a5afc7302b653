"""search without accents: what was said, kept by triggers as words; names of contacts in the order of contacts

Nothing of the hot path's code knows of it: triggers keep the words of inbound, outbound and note, also when a text is
blacked out or deleted. The words stand in tables of their own, because a message's row is written anew with each step
of its delivery, and an index on the row would take the words in every time. A later migration that makes one of these
tables anew on SQLite must make its triggers anew too (tests/store/test_search.py finds out).
"""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

# Which rows are looked for, and in what; {row} is NEW, OLD or the table itself.
_SAID = {
    "inbound": ("{row}.kind = 'message'", "{row}.text"),
    "outbound": ("true", "{row}.reply"),
    "note": ("true", "{row}.text"),
}
_COLUMN = {"inbound": "text", "outbound": "reply", "note": "text"}

# Lower case without the marks of Vietnamese letters, whatever the database's locale. Signs that PostgreSQL's parser
# would take for parts of a number, an address or a tag become spaces, so that its words are those of store.text. No
# message is so long that the last characters matter, but a limit keeps to_tsvector from refusing one.
_WORDS = r"""
CREATE FUNCTION hotline_words(said text) RETURNS tsvector LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
SELECT pg_catalog.to_tsvector('pg_catalog.simple'::regconfig, pg_catalog.lower(pg_catalog.translate(
    normalize(pg_catalog.left(said, 10000), NFD),
    U&'\0111\0110./-_@:<&+~\0300\0301\0303\0309\0323\0302\0306\031B\0308',
    'dd          ') COLLATE "C"))
$$
"""
_POSTGRESQL = (
    "CREATE TABLE {table}_search (id bigint PRIMARY KEY, words tsvector NOT NULL)",
    # New words wait in a list, which is ten times as fast as taking them in one by one. Whoever fills the list empties
    # it, and every search reads it: of 128 kB neither is felt.
    """CREATE INDEX ix_{table}_search_words ON {table}_search USING gin (words)
    WITH (fastupdate = on, gin_pending_list_limit = 128)""",
    """CREATE FUNCTION {table}_search_keep() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP <> 'INSERT' THEN
            DELETE FROM {table}_search WHERE id = OLD.id;
        END IF;
        IF TG_OP <> 'DELETE' THEN
            INSERT INTO {table}_search SELECT NEW.id, hotline_words({new}) WHERE {new} <> '' AND {is_new};
        END IF;
        RETURN NULL;
    END $$""",
    """CREATE TRIGGER {table}_search_added AFTER INSERT OR DELETE ON {table}
    FOR EACH ROW EXECUTE FUNCTION {table}_search_keep()""",
    """CREATE TRIGGER {table}_search_changed AFTER UPDATE OF {column} ON {table}
    FOR EACH ROW EXECUTE FUNCTION {table}_search_keep()""",
    """INSERT INTO {table}_search SELECT id, hotline_words({all}) FROM {table} WHERE {all} <> '' AND {is_all}""",
)
# Contentless: the texts stand in their tables already. What is taken out must be said just as it was put in.
_SQLITE = (
    """CREATE VIRTUAL TABLE {table}_search USING fts5(
        words, content='', tokenize='unicode61 remove_diacritics 2')""",
    """CREATE TRIGGER {table}_search_added AFTER INSERT ON {table} BEGIN
        INSERT INTO {table}_search (rowid, words) SELECT NEW.id, {new} WHERE {new} <> '' AND {is_new};
    END""",
    """CREATE TRIGGER {table}_search_changed AFTER UPDATE OF {column} ON {table} BEGIN
        INSERT INTO {table}_search ({table}_search, rowid, words)
            SELECT 'delete', OLD.id, {old} WHERE {old} <> '' AND {is_old};
        INSERT INTO {table}_search (rowid, words) SELECT NEW.id, {new} WHERE {new} <> '' AND {is_new};
    END""",
    """CREATE TRIGGER {table}_search_deleted AFTER DELETE ON {table} BEGIN
        INSERT INTO {table}_search ({table}_search, rowid, words)
            SELECT 'delete', OLD.id, {old} WHERE {old} <> '' AND {is_old};
    END""",
    "INSERT INTO {table}_search (rowid, words) SELECT id, {all} FROM {table} WHERE {all} <> '' AND {is_all}",
)


def upgrade() -> None:
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    if not is_sqlite:
        op.get_bind().exec_driver_sql(_WORDS)
    for table, (is_said, said) in _SAID.items():
        parts = {"table": table, "column": _COLUMN[table]}
        for name, row in (("new", "NEW"), ("old", "OLD"), ("all", table)):
            parts[name] = _text(said.format(row=row), is_sqlite)
            parts[f"is_{name}"] = is_said.format(row=row)
        for statement in _SQLITE if is_sqlite else _POSTGRESQL:
            op.get_bind().exec_driver_sql(statement.format(**parts))
    # By word the newest contacts first, without sorting all who are called Nguyễn
    op.drop_index("ix_contact_name_word_word_hash", "contact_name_word")
    op.create_index("ix_contact_name_word_word", "contact_name_word", ["word_hash", "contact_id"])
    op.create_index("ix_conversation_contact_id", "conversation", ["contact_id"])


def _text(said: str, is_sqlite: bool) -> str:
    if not said.endswith(".reply"):
        plain = said
    else:
        plain = f"json_extract({said}, '$.text')" if is_sqlite else f"({said} ->> 'text')"
    return f"replace(replace({plain}, 'đ', 'd'), 'Đ', 'd')" if is_sqlite else plain
