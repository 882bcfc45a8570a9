"""What tests arrange and inspect: the database with its owner's role, and a source that they control."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx2
import psycopg

NOW = datetime(2026, 11, 26, 6, 30, tzinfo=UTC)
HASH = "0123456789abcdef0123456789abcdef01234567"


@dataclass
class Rows:
    url: str

    def sql(self, statement: str, *params: object) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.url, autocommit=True) as connection:
            cursor = connection.execute(statement, params)
            return cursor.fetchall() if cursor.description else []

    def ids(self, *ids: int, day: str = "2026-11-25") -> None:
        for killmail_id in ids:
            self.sql("INSERT INTO killmail_ids VALUES (%s, %s)", killmail_id, f"{day} 12:00Z")

    def verification(self, day: str = "2026-11-25") -> tuple[Any, ...]:
        (row,) = self.sql(
            """SELECT status, total_killmails_expected, total_killmails_found, missing_killmails,
            requeued_killmails, job_id::text, error_message FROM verification_history WHERE verification_date = %s""",
            day,
        )
        return row


@dataclass
class Source:
    """Responses by path; any other path is 404."""

    responses: dict[str, httpx2.Response] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        self.requests.append(request.url.path)
        return self.responses.get(request.url.path) or httpx2.Response(404)

    def lists(self, day: str, ids: Any, total: int | None = None) -> None:
        listed = {str(killmail_id): HASH for killmail_id in ids} if not isinstance(ids, bytes) else None
        response = httpx2.Response(200, json=listed) if listed is not None else httpx2.Response(200, content=ids)
        self.responses[f"/history/{day}.json"] = response
        if total is not None:
            self.responses["/history/totals.json"] = httpx2.Response(200, json={day: total})
