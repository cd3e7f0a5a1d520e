"""What stops a transport itself, in words for the people who see its page."""


class TroubleError(Exception):
    """The broker or the queue cannot be used now; the text says why and never holds a secret."""
