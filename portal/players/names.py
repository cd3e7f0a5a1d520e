"""What players and teams are called on pages."""


def shortened(name: str) -> str:
    """A wallet address as people can tell it apart; any other name as it is."""
    return f"{name[:6]}…{name[-4:]}" if len(name) == 42 and name.startswith(("0x", "0X")) else name
