"""Renders the cards of shared battles as PNG, once for each revision."""

import asyncio
from functools import cache
from importlib.resources import files

from battle_api.domain.rows import Battle
from battle_api.presenters.share.card import DESIGN, FONT, card_svg, neutral_svg
from battle_api.repositories.shares import ShareRepository
from battlescope_events.postgres.database import Database


class CardImages:
    """Images are drawn one at a time: each takes some tenths of a second of CPU, and links are public."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._drawing = asyncio.Lock()
        self._neutral: bytes | None = None

    async def image(self, battle: Battle) -> bytes:
        """The image of the battle as it is now: the stored one, or a new one, which is stored for all instances."""
        return await self._stored(battle) or await self._draw(battle)

    async def neutral(self) -> bytes:
        """The image that names no battle."""
        if self._neutral is None:
            async with self._drawing:
                self._neutral = self._neutral or await asyncio.to_thread(_png, neutral_svg())
        return self._neutral

    async def _stored(self, battle: Battle) -> bytes | None:
        async with self._database.connection() as connection:
            return await ShareRepository(connection).card(battle, DESIGN)

    async def _draw(self, battle: Battle) -> bytes:
        async with self._drawing:
            stored = await self._stored(battle)  # another request may have drawn it meanwhile
            if stored is not None:
                return stored
            async with self._database.connection() as connection:
                shared = await ShareRepository(connection).shared_battle(battle)
            png = await asyncio.to_thread(_png, card_svg(shared))
            async with self._database.connection() as connection:
                await ShareRepository(connection).save_card(battle, DESIGN, png)
            return png


def _png(svg: str) -> bytes:
    import resvg_py  # noqa: PLC0415  # loaded with the first picture, which most instances never draw

    return resvg_py.svg_to_bytes(svg_string=svg, font_files=_font_files(), skip_system_fonts=True, font_family=FONT)


@cache
def _font_files() -> list[str]:
    """The font, whose weights are in one file."""
    import fontpkg_inter  # noqa: PLC0415  # as above

    return [str(files(fontpkg_inter).joinpath("files", "Inter[opsz,wght].ttf"))]
