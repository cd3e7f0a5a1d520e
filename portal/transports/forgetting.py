"""Messages that are long over are forgotten, as deliveries of webhooks are. Events stay."""

from datetime import timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from portal.kernel.db import clock_of
from portal.transports.model import TransportMessage

KEPT_DAYS = 90
KEPT = timedelta(days=KEPT_DAYS)
AT_ONCE = 2000


def forget_old(session: Session) -> int:
    """Remove the oldest that happened over KEPT ago, a few thousand at a time; how many. What still waits stays."""
    before = clock_of(session) - KEPT
    over = TransportMessage.state != "pending"
    # Ids grow with time, so the first few thousand that are over tell, and no list is read to its end.
    oldest = select(TransportMessage.id, TransportMessage.created_at).where(over).order_by(TransportMessage.id).limit(AT_ONCE)
    ids = [row.id for row in session.execute(oldest) if row.created_at < before]
    gone = delete(TransportMessage).where(TransportMessage.id.in_(ids), over)  # somebody may just have sent one once more
    count: int = session.execute(gone, execution_options={"synchronize_session": False}).rowcount  # type: ignore[attr-defined]
    return count
