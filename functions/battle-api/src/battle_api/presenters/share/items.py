"""Builds the items of shares from rows."""

from datetime import datetime

from battle_api.domain.shares import Share, Sharing
from battle_api.schemas.shares import ShareItem


def share_item(share: Share, sharing: Sharing, now: datetime) -> ShareItem:
    return ShareItem(
        id=share.id,
        battle_id=share.battle_id,
        token=share.token,
        url=sharing.page_url(share.token),
        image_url=sharing.image_url(share.token),
        created_by=share.created_by,
        created_at=share.created_at,
        expires_at=share.expires_at,
        revoked_by=share.revoked_by,
        revoked_at=share.revoked_at,
        is_active=share.is_active(now),
    )
