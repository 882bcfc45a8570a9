"""Describes a database as text: tables, columns, indexes, constraints, routines, grants; equal on PostgreSQL 15 to 18.

The description is committed beside the migrations, for reviewers, and a test compares both: an edit of an old migration
shows as a difference. `pg_dump` is not used, because its output changes with its versions.
"""

from collections.abc import Mapping
from typing import Final, LiteralString

import psycopg

PARTS: Final[Mapping[str, LiteralString]] = {
    "columns": """
        SELECT format('%I.%I %s%s%s', c.relname, a.attname, format_type(a.atttypid, a.atttypmod),
          CASE WHEN a.attnotnull THEN ' NOT NULL' ELSE '' END,
          coalesce(CASE WHEN a.attgenerated = '' THEN ' DEFAULT ' ELSE ' GENERATED ' END
            || pg_get_expr(d.adbin, d.adrelid), CASE WHEN a.attidentity <> '' THEN ' IDENTITY' END, ''))
        FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
        LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm')
          AND a.attnum > 0 AND NOT a.attisdropped
        ORDER BY c.relname, a.attnum""",
    "tables": """
        SELECT format('%I %s%s', relname, CASE relpersistence WHEN 'u' THEN 'UNLOGGED ' ELSE '' END,
          CASE relkind WHEN 'p' THEN 'PARTITIONED' WHEN 'r' THEN 'TABLE' ELSE 'VIEW' END)
        FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v', 'm')
        ORDER BY relname""",
    "constraints": """
        SELECT format('%I: %s', conrelid::regclass, pg_get_constraintdef(oid))
        FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND contype IN ('c', 'f', 'p', 'u', 'x')
        ORDER BY 1""",
    "indexes": "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY indexname",
    "routines": """
        SELECT format('%I(%s) %s', p.proname, pg_get_function_identity_arguments(p.oid), md5(p.prosrc))
        FROM pg_proc p WHERE p.pronamespace = 'public'::regnamespace
          AND NOT EXISTS (SELECT 1 FROM pg_depend e WHERE e.objid = p.oid AND e.deptype = 'e')
        ORDER BY 1""",
    "triggers": """
        SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal ORDER BY 1""",
    "grants": """
        SELECT format('%s ON %I TO %I', string_agg(privilege_type, ', ' ORDER BY privilege_type), table_name, grantee)
        FROM information_schema.role_table_grants
        WHERE table_schema = 'public' AND grantee <> (SELECT pg_get_userbyid(datdba) FROM pg_database
          WHERE datname = current_database()) AND grantee <> 'PUBLIC'
        GROUP BY table_name, grantee ORDER BY table_name, grantee""",
}  # fmt: skip


def describe(url: str) -> str:
    """Description of the database at `url`; the user must be its administrator."""
    lines: list[str] = []
    with psycopg.connect(url) as connection:
        for part, query in PARTS.items():
            rows = connection.execute(query).fetchall()
            lines += ([f"-- {part}"] if rows else []) + [row[0] for row in rows]
    return "\n".join(lines) + "\n"
