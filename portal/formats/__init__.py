"""The rules of competitions, pure: plain frozen values in, plain frozen values out."""

from portal.formats import challenge, double_elimination, ladder, leaderboard, round_robin, single_elimination, swiss

# Each offers build, advance, correct and withdraw; some have an order of their own: placements.
FORMATS = {
    "single_elimination": single_elimination,
    "double_elimination": double_elimination,
    "round_robin": round_robin,
    "swiss": swiss,
    "ladder": ladder,
    "challenge": challenge,
    "leaderboard": leaderboard,
}
