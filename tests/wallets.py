"""Wallets that sign."""

import time


class Wallet:
    """Somebody with a private key, who signs calls as the page says: each time another moment, so that each is new."""

    def __init__(self) -> None:
        from portal.admission.ethereum import Account

        self._account = Account.create()
        self.address: str = self._account.address
        self._last = 0

    def headers(self, milliseconds: int | None = None) -> dict[str, str]:
        """The three headers of a call made now, or at `milliseconds` since 1970."""
        from portal.admission.ethereum import encode_defunct

        at = max(int(time.time() * 1000), self._last + 1) if milliseconds is None else milliseconds
        self._last = at
        signed = self._account.sign_message(encode_defunct(text=f"lightchallenge:{at}"))
        return {"x-lc-address": self.address, "x-lc-signature": f"0x{signed.signature.hex()}", "x-lc-timestamp": str(at)}
