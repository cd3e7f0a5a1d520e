"""What a person reads on a page."""

import re
from html import unescape


def plain(answer) -> str:
    """The words of an answer, without tags, one space between two."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", answer.text)).split())
