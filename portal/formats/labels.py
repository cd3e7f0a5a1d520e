"""What a round is called, in the words of the API's page."""

# The last rounds of a bracket by how many entrants are left in it.
LAST_ROUNDS = {2: "Final", 4: "Semifinals", 8: "Quarterfinals"}
GRAND_FINAL = {1: "Grand final", 2: "Grand final reset"}


def label(format: str, stage: str, round: int, rounds: int) -> str:
    """The name of `round` of `stage`, which has `rounds` rounds, in a competition of that format."""
    if stage == "third_place":
        return "Third place"
    if stage == "grand_final":
        return GRAND_FINAL[round]
    if stage == "losers":
        return "Losers final" if round == rounds else f"Losers round {round}"
    if stage != "winners":
        return f"Round {round}"
    left = 1 << (rounds - round + 1)
    name = LAST_ROUNDS.get(left, f"Round of {left}")
    return f"Winners {name.lower()}" if format == "double_elimination" else name
