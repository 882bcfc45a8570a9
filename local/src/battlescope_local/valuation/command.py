"""`battlescope value`: what killmails are worth, with the price, its day and its rule for every item."""

import asyncio
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

from pydantic import SecretStr

from battlescope_events.errors import PermanentError, TransientError
from battlescope_events.object_storage.objects import ObjectStorage
from battlescope_events.postgres.database import Database, open_pool
from battlescope_events.postgres.outbox import Outbox
from battlescope_local.backfill.bucket import bucket_access
from battlescope_local.errors import UserError
from battlescope_local.node.state import NodeState
from battlescope_local.replay.killmail_files import file_texts
from battlescope_local.replay.price_folder import open_price_folder
from battlescope_local.replay.static_data import find_static_data, load_universe
from battlescope_local.serving.internal_gateway import USER
from battlescope_local.settings import ExternalServers, S3Access
from battlescope_local.stores.postgres import database_url, running_server_url
from battlescope_local.stores.s3 import BUCKET
from battlescope_local.stores.state_file import StateFile
from battlescope_local.valuation.killmail_table import value_lines
from battlescope_schemas.killmail import ArchivedKillmail, InvalidKillmail, read_killmail
from killmail_enrich.market.day_prices import DayPrices
from killmail_enrich.persistence.archive import Archive
from killmail_enrich.persistence.market_days import MarketDays
from killmail_enrich.persistence.market_prices import MarketPrices
from killmail_enrich.persistence.valuations import ValuationRepository
from killmail_enrich.revaluation import revalue
from killmail_enrich.settings import RevaluationSettings
from killmail_enrich.static_data.repository import StaticData
from killmail_enrich.valuation.items import read_items
from killmail_enrich.valuation.killmail_value import type_ids

MAX_KILLMAIL_ID: Final = 2**63 - 1  # of a bigint
OWNER, DATABASE, NAMESPACE = "killmail-enrich", "battlescope_killmails", "battlescope"


@dataclass(frozen=True, slots=True)
class RunningSystem:
    """The killmail database of a node, and its archive."""

    database_url: str
    s3: S3Access


def running_system(folder: Path, external: ExternalServers) -> RunningSystem:
    """The stores of the node of `folder`, where settings name no others."""
    state_file = StateFile(folder / "secrets.json")
    admin_url = external.postgres_url or running_server_url(state_file)
    url = database_url(admin_url, OWNER, state_file.password(f"role-{OWNER}"), DATABASE)
    return RunningSystem(url, bucket_access(folder, external))


def revalue_days(first: date, last: date, folder: Path, node: NodeState, external: ExternalServers) -> None:
    """Compute the values of the stored killmails of these days again; prints a line a day.

    Raises:
        UserError: a store or the Broker does not answer; the days that were printed are done.
    """
    system = running_system(folder, external)
    broker = node.internal_url.replace("://", f"://{USER}:{node.token}@", 1)
    settings = RevaluationSettings(
        database_url=SecretStr(system.database_url),
        k_sink=f"{broker}/brokers/{NAMESPACE}/killmails",
        s3_endpoint_url=system.s3.endpoint,
        s3_region=system.s3.region,
        s3_bucket=BUCKET,
        aws_access_key_id=system.s3.access_key,
        aws_secret_access_key=SecretStr(system.s3.secret_key),
    )
    try:
        asyncio.run(revalue(settings, first, last, lambda outcome: print(outcome, flush=True)))
    except (TransientError, PermanentError) as error:
        raise UserError(str(error)) from error


def file_killmails(path: Path) -> Iterator[ArchivedKillmail]:
    """The killmails of a file.

    Raises:
        UserError: it cannot be read, or has a line that is no killmail.
    """
    for position, text in file_texts(path):
        try:
            yield read_killmail(text)
        except InvalidKillmail as error:
            raise UserError(f"{path}, {position} is not a killmail: {error}") from error


def print_values_by_folder(path: Path, prices: Path, sde: Path | None) -> None:
    """The values of a file's killmails by a folder of price files; names and groups come from static data."""
    universe = load_universe(find_static_data(sde, [path]))
    folder_prices, problems = open_price_folder(prices, universe.static_data.types, universe.blueprints)
    for problem in problems:
        print(f"battlescope: {problem}")
    for killmail in file_killmails(path):
        vector = folder_prices.prices_of(killmail, read_items(killmail.victim.items))
        print(*value_lines(killmail, vector, universe.type_names), "", sep="\n")


def print_values_by_system(target: Path | int, system: RunningSystem) -> None:
    """The values of a file's killmails, or of the stored killmail with an id, by the prices of the running system.

    Raises:
        UserError: there is no such killmail, or a store does not answer.
    """
    try:
        asyncio.run(_print_values(target, system))
    except (TransientError, PermanentError) as error:
        raise UserError(str(error)) from error


async def _print_values(target: Path | int, system: RunningSystem) -> None:
    async with open_pool(SecretStr(system.database_url), "battlescope-value", max_size=2) as pool:
        database = Database(pool, "killmail")
        outbox, static_data = Outbox(database, "killmails"), StaticData(database, time.monotonic)
        prices = DayPrices(MarketPrices(database), MarketDays(database, outbox), static_data, time.monotonic)
        if isinstance(target, int):
            repository, archive = (
                ValuationRepository(database, outbox),
                Archive(ObjectStorage(system.s3.bucket(BUCKET))),
            )
            killmails = iter([await _stored(target, repository, archive)])
        else:
            killmails = file_killmails(target)
        for killmail in killmails:
            wanted = type_ids(killmail.victim.ship_type_id, read_items(killmail.victim.items))
            vector = await prices.vector(killmail.killmail_time.date(), wanted)
            _, types = await static_data.look_up((), wanted)
            names = {type_id: item.type_name for type_id, item in types.items() if item.type_name}
            print(*value_lines(killmail, vector, names), "", sep="\n")


async def _stored(killmail_id: int, repository: ValuationRepository, archive: Archive) -> ArchivedKillmail:
    archive_key = await repository.archive_key(killmail_id)
    if archive_key is None:
        raise PermanentError(f"The running system has no killmail {killmail_id}.")
    (content,) = await archive.killmails([archive_key])
    if isinstance(content, PermanentError):
        raise content
    return read_killmail(content)


def killmail_id_of(text: str) -> int | None:
    """The id; None for a text that is no number, or one that the database cannot hold."""
    digits = len(str(MAX_KILLMAIL_ID))
    if not (text.isdecimal() and text.isascii() and len(text) <= digits):
        return None
    return killmail_id if (killmail_id := int(text)) <= MAX_KILLMAIL_ID else None
