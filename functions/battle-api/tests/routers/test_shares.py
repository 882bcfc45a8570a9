"""Links to the public card of a battle: who makes and revokes them, what they show, and for how long."""

import asyncio
import json
import struct
from datetime import timedelta
from hashlib import sha256
from html.parser import HTMLParser
from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest
from battle_api_harness import NOW, TOKEN, ApiHarness, assert_error, change_dependencies

from battle_api.domain.shares import MAX_ACTIVE, PublicShares, Sharing
from battle_api.presenters.share import card
from battle_api.services import card_images
from battlescope_events.edge.origins import OriginPolicy
from battlescope_events.http_api.guard import Caller, CallerKind, Right, Role
from battlescope_local.devtools.project import ROOT

pytestmark = pytest.mark.postgres
FIRST = "00000000-0000-0000-0000-000000000001"
MERGED = "00000000-0000-0000-0000-000000000003"
DELETED = "00000000-0000-0000-0000-000000000004"
CASES = json.loads((ROOT / "docs" / "appearance-cases.json").read_text())
WRITE = {"authorization": f"Bearer {TOKEN}"}
SHARES = f"/api/battles/{FIRST}/shares"


class Tags(HTMLParser):
    """The `meta` tags and texts of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.meta: dict[str, str] = {}
        self.scripts = 0
        self.links: list[str] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        self.scripts += tag == "script"
        if tag == "meta":
            self.meta[values.get("property") or values.get("name") or ""] = values.get("content", "")
        if tag == "a":
            self.links.append(values["href"])

    def handle_data(self, data: str) -> None:
        self.text += data


async def share(harness: ApiHarness, **body: Any) -> dict[str, Any]:
    response = await harness.api.post(SHARES, json=body, headers=WRITE)
    assert response.status_code == 201, response.text
    return response.json()


def png_size(content: bytes) -> tuple[int, int]:
    assert content[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = struct.unpack(">II", content[16:24])
    return width, height


async def test_link_shows_a_page_with_tags_for_previews(harness: ApiHarness) -> None:
    made = await share(harness)
    assert made["url"] == f"https://battles.example/s/{made['token']}"
    page = await harness.api.get(f"/s/{made['token']}")
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert (page.headers["cache-control"], "script-src" in page.headers["content-security-policy"]) == (
        "public, max-age=300",
        False,
    )
    tags = Tags(page.text)
    assert tags.meta["og:title"] == "Red in Jita, 1m lost"
    assert tags.meta["og:description"] == "2 pilots, 2 ships, 9m, 2026-03-01 19:00 EVE"
    assert tags.meta["og:image"] == made["imageUrl"] == f"{made['url']}.png"
    assert (tags.meta["twitter:card"], tags.scripts) == ("summary_large_image", 0)
    assert tags.links == [f"https://battles.example/battles/{FIRST}", "https://example.invalid"]


@pytest.mark.parametrize("case", CASES["topParties"], ids=lambda case: case["why"])
async def test_list_report_and_share_name_a_side_by_the_same_party(harness: ApiHarness, case: dict[str, Any]) -> None:
    harness.sql("DELETE FROM battle_side_parties WHERE battle_id = %s AND side_id = 1", FIRST)
    for kind, party_id, pilots, isk_lost in case["parties"]:
        harness.sql(
            "INSERT INTO battle_side_parties (battle_id, party_type, party_id, side_id, role, confidence, evidence,"
            " pilots, kills, losses, isk_destroyed, isk_lost) VALUES (%s, %s, %s, 1, 'side', 0.9, 2, %s, 1, 0, 5, %s)",
            FIRST, kind, int(party_id), pilots, isk_lost,
        )  # fmt: skip
        harness.sql(
            "INSERT INTO entity_names VALUES (%s, %s, %s)"
            " ON CONFLICT (entity_type, id) DO UPDATE SET name = excluded.name",
            kind, int(party_id), f"{kind}:{party_id}",
        )  # fmt: skip
    item = next(item for item in (await harness.api.get("/api/battles")).json()["items"] if item["id"] == FIRST)
    detail = (await harness.api.get(f"/api/battles/{FIRST}")).json()
    made = await share(harness)
    page = Tags((await harness.api.get(f"/s/{made['token']}")).text)
    assert item["sides"][0]["topParty"]["partyName"] == case["top"]
    assert detail["sides"][0]["parties"][0]["partyName"] == case["top"]
    assert page.meta["og:title"].startswith(f"{case['top']} in ")


async def test_picture_is_rendered_once_for_each_revision(harness: ApiHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[str] = []
    render = card_images.card_svg

    def counted(shared: Any) -> str:
        drawn.append(str(shared.battle.revision))
        return render(shared)

    monkeypatch.setattr(card_images, "card_svg", counted)
    made = await share(harness)
    pictures = await asyncio.gather(*(harness.api.get(f"/s/{made['token']}.png") for _ in range(3)))
    assert {picture.headers["content-type"] for picture in pictures} == {"image/png"}
    assert png_size(pictures[0].content) == (1200, 630)
    other = await share(harness)
    assert (await harness.api.get(f"/s/{other['token']}.png")).content == pictures[0].content
    assert drawn == ["3"]
    harness.sql("UPDATE battles SET revision = 4 WHERE id = %s", FIRST)
    await harness.api.get(f"/s/{made['token']}.png")
    assert drawn == ["3", "4"]
    etag = pictures[0].headers["etag"]
    repeated = await harness.api.get(f"/s/{made['token']}.png", headers={"if-none-match": etag})
    assert repeated.status_code in {200, 304}


async def test_neutral_picture_names_no_battle(harness: ApiHarness) -> None:
    picture = await harness.api.get("/s/neutral.png")
    assert (picture.status_code, png_size(picture.content)) == (200, (1200, 630))
    assert "Jita" not in card.neutral_svg()


async def test_revoked_and_expired_links_show_nothing(harness: ApiHarness) -> None:
    revoked, expiring = await share(harness), await share(harness, expiresInDays=1)
    answer = await harness.api.delete(f"{SHARES}/{revoked['id']}", headers=WRITE)
    assert (answer.status_code, answer.json()["isActive"]) == (200, False)
    again = await harness.api.delete(f"{SHARES}/{revoked['id']}", headers=WRITE)
    assert again.json() == answer.json()
    assert_error(await harness.api.get(f"/s/{revoked['token']}"), 404, "no such link")
    assert_error(await harness.api.get(f"/s/{revoked['token']}.png"), 404, "no such link")
    assert (await harness.api.get(f"/s/{expiring['token']}")).status_code == 200
    change_dependencies(clock=lambda: NOW + timedelta(days=1))
    assert_error(await harness.api.get(f"/s/{expiring['token']}"), 404, "no such link")
    listed = (await harness.api.get(SHARES)).json()
    assert [(item["id"], item["isActive"]) for item in listed["items"]] == [
        (item["id"], False) for item in sorted((revoked, expiring), key=lambda item: item["id"])
    ]


async def test_unknown_links_are_not_found(harness: ApiHarness) -> None:
    for token in ("x" * 22, "neutral"):
        assert_error(await harness.api.get(f"/s/{token}"), 404, "no such link")
    assert (await harness.api.get("/s/%00")).status_code == 400
    assert_error(await harness.api.delete(f"{SHARES}/{uuid4()}", headers=WRITE), 404, "has no link")
    assert_error(await harness.api.post(f"/api/battles/{uuid4()}/shares", headers=WRITE), 404, "no battle")
    assert (await harness.api.post(f"/api/battles/{DELETED}/shares", headers=WRITE)).status_code == 410


async def test_link_follows_a_merged_battle_and_ends_with_a_deleted_one(harness: ApiHarness) -> None:
    made = await share(harness)
    harness.sql("UPDATE battle_shares SET battle_id = %s", MERGED)
    assert Tags((await harness.api.get(f"/s/{made['token']}")).text).meta["og:title"].startswith("Red in Jita")
    harness.sql("UPDATE battle_shares SET battle_id = %s", DELETED)
    assert (await harness.api.get(f"/s/{made['token']}")).status_code == 410


async def test_switched_off_links_are_neither_made_nor_shown(harness: ApiHarness) -> None:
    made = await share(harness)
    change_dependencies(sharing=Sharing(PublicShares.OFF))
    assert_error(await harness.api.get(f"/s/{made['token']}"), 404, "no such link")
    assert_error(await harness.api.post(SHARES, headers=WRITE), 409, "switched off")
    assert (await harness.api.get(SHARES)).json()["publicShares"] == "off"


async def test_only_reports_show_sides_and_losses(harness: ApiHarness) -> None:
    made = await share(harness)
    assert "ISK lost" not in (await harness.api.get(f"/s/{made['token']}")).text
    change_dependencies(sharing=Sharing(PublicShares.REPORT))
    page = Tags((await harness.api.get(f"/s/{made['token']}")).text)
    assert "ISK lost" in page.text
    assert "https://zkillboard.com/kill/3/" in page.links
    assert page.meta["og:image"] == f"/s/{made['token']}.png"  # without a public origin


async def test_battle_has_a_limited_number_of_active_links(harness: ApiHarness) -> None:
    harness.sql(
        "INSERT INTO battle_shares (id, battle_id, token, created_at, expires_at) "
        "SELECT gen_random_uuid(), %s::uuid, 'token' || n, %s, CASE n WHEN 1 THEN %s END "
        "FROM generate_series(1, %s) AS n",
        FIRST,
        NOW - timedelta(days=2),
        NOW - timedelta(days=1),
        MAX_ACTIVE,
    )
    await share(harness)
    assert_error(await harness.api.post(SHARES, headers=WRITE), 409, "revoke one first")


class Accounts:
    """A guard that knows each caller by the header `x-account`: `{account}:{role}`."""

    origins = OriginPolicy()

    async def check(self, right: Right, connection: Any) -> Caller:
        account, _, role = connection.headers["x-account"].partition(":")
        return Caller(CallerKind.SESSION, UUID(account), roles={"battle-reports": int(role)})

    async def admit(self, limit: Any, connection: Any) -> None:
        """Admit everything."""


async def test_maker_and_directors_revoke_and_all_is_audited(harness: ApiHarness) -> None:
    change_dependencies(guard=Accounts())
    ann, bob, director = (
        f"{UUID(int=n)}:{role.value}" for n, role in ((1, Role.USER), (2, Role.USER), (3, Role.DIRECTOR))
    )
    first = (await harness.api.post(SHARES, headers={"x-account": ann})).json()
    second = (await harness.api.post(SHARES, headers={"x-account": ann})).json()
    refused = await harness.api.delete(f"{SHARES}/{first['id']}", headers={"x-account": bob})
    assert_error(refused, 403, "Only its maker and directors")
    for item, caller in ((first, ann), (second, director)):
        revoked = await harness.api.delete(f"{SHARES}/{item['id']}", headers={"x-account": caller})
        assert revoked.json()["revokedBy"] == caller.partition(":")[0]
    records = [message for message in harness.published if message.type.endswith("audit.recorded.v1")]
    bodies = [httpx2.Response(200, content=message.body).json() for message in records]
    assert [(body["action"], body["actor"], body["target"]["id"]) for body in bodies] == [
        ("share.created", str(UUID(int=1)), FIRST),
        ("share.created", str(UUID(int=1)), FIRST),
        ("share.revoked", str(UUID(int=1)), FIRST),
        ("share.revoked", str(UUID(int=3)), FIRST),
    ]
    assert not any(item["token"].encode() in message.body for item in (first, second) for message in harness.published)
    changes = [
        httpx2.Response(200, content=message.body).json()
        for message in harness.published
        if message.type.endswith("battle.share-changed.v1")
    ]
    digests = [sha256(item["token"].encode()).hexdigest() for item in (first, second)]
    assert [(change["tokenDigest"], change["isRevoked"]) for change in changes] == [
        (digests[0], False), (digests[1], False), (digests[0], True), (digests[1], True),
    ]  # fmt: skip
    assert {change["battleId"] for change in changes} == {FIRST}


async def test_card_of_any_names_is_drawn(harness: ApiHarness) -> None:
    names = ['Мерідіан <&> "Компакт"', "皇家海军", "a\u202eb", "x" * 200, "👾", "\x01", "Ωmega \u0301"]
    made = await share(harness)
    for name in names:
        harness.sql("UPDATE entity_names SET name = %s WHERE entity_type IN ('alliance', 'system', 'region')", name)
        harness.sql("UPDATE battles SET revision = revision + 1 WHERE id = %s", FIRST)
        picture = await harness.api.get(f"/s/{made['token']}.png")
        assert png_size(picture.content) == (1200, 630), name
        assert "<script" not in (await harness.api.get(f"/s/{made['token']}")).text
