"""Members known by their wallet: they sign their calls instead of signing in."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Select, String, UniqueConstraint, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from portal.kernel.clock import utc_now
from portal.kernel.db import Model, UTCDateTime
from portal.kernel.ids import new_uid
from portal.orgs.model import ROLES, Organization


class WalletMember(Model):
    """One wallet's role in one organization. `wallet` is as it was given, `wallet_key` the same in lower case."""

    __tablename__ = "wallet_members"
    __table_args__ = (
        UniqueConstraint("org_id", "wallet_key", info={"field": "wallet", "says": "This wallet is a member already."}),
        CheckConstraint("role IN ('member', 'admin', 'owner')", name="role", info={"says": "A role is owner, admin or member."}),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    uid: Mapped[str] = mapped_column(String(36), unique=True, default=new_uid)
    org_id: Mapped[int] = mapped_column(ForeignKey("organizations.id"))
    wallet: Mapped[str] = mapped_column(String(42))
    wallet_key: Mapped[str] = mapped_column(String(42), index=True)
    role: Mapped[str] = mapped_column(String(8))
    email: Mapped[str | None] = mapped_column(String(254))
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utc_now)


def role_of_wallet(session: Session, org: Organization, wallet: str) -> str | None:
    """The wallet's role in the organization or, as for people, in the operator above it; the greater of the two."""
    above = [org.id] if org.parent_id is None else [org.id, org.parent_id]
    query = select(WalletMember.role).where(WalletMember.org_id.in_(above), WalletMember.wallet_key == wallet.lower())
    return max(session.scalars(query), key=ROLES.index, default=None)


def wallet_members_of(org: Organization) -> Select[WalletMember]:
    """The wallets that are members of this very organization."""
    return select(WalletMember).where(WalletMember.org_id == org.id)


def organizations_of_wallet(wallet: str) -> Select[int]:
    """The ids of the organizations that the wallet is a member of, not of those below them."""
    return select(WalletMember.org_id).where(WalletMember.wallet_key == wallet.lower())
