"""What real seasons came to, and where their results are."""

from pathlib import Path

import portal

DATA = Path(portal.__file__).parent / "demo_data"
# The Premier League's final table of 2022/23: club, points, goal difference.
PREMIER_LEAGUE = [
    ("Manchester City FC", 89, 61),
    ("Arsenal FC", 84, 45),
    ("Manchester United FC", 75, 15),
    ("Newcastle United FC", 71, 35),
    ("Liverpool FC", 67, 28),
    ("Brighton & Hove Albion FC", 62, 19),
    ("Aston Villa FC", 61, 5),
    ("Tottenham Hotspur FC", 60, 7),
    ("Brentford FC", 59, 12),
    ("Fulham FC", 52, 2),
    ("Crystal Palace FC", 45, -9),
    ("Chelsea FC", 44, -9),
    ("Wolverhampton Wanderers FC", 41, -27),
    ("West Ham United FC", 40, -13),
    ("AFC Bournemouth", 39, -34),
    ("Nottingham Forest FC", 38, -30),
    ("Everton FC", 36, -23),
    ("Leicester City FC", 34, -17),
    ("Leeds United FC", 31, -30),
    ("Southampton FC", 25, -37),
]
