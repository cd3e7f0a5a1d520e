"""Who opens a link: a person's browser, or a program that looks at it first (a mail scanner, a preview, a prefetch)."""

import re

from werkzeug.datastructures import Headers

# Names that link scanners, unfurlers and HTTP libraries give themselves. A list like this is never complete, so a visit
# counts as a person's only where the browser says that it navigates (Fetch Metadata); this list catches headless ones.
PROGRAMS = re.compile(
    r"(?i)bot\b|bot/|crawl|spider|preview|scan|slurp|headless|lighthouse|phantom|puppeteer|playwright|selenium"
    r"|slack|whatsapp|telegram|discord|facebookexternalhit|facebot|twitter|linkedin|skypeuri|teams|viber|imessage"
    r"|safelinks|proofpoint|barracuda|mimecast|trendmicro|symantec|forcepoint|cloudmark|virustotal|urlscan"
    r"|googleimageproxy|yahoomailproxy|curl|wget|python|go-http|java/|okhttp|axios|node-fetch|undici|libwww|httpclient|ruby|php"
)


def is_person(method: str, headers: Headers) -> bool:
    """True for a navigation in a browser. Programs, HEAD, prefetches and anything unsure are not a person."""
    purpose = " ".join(headers.get(name, "") for name in ("Sec-Purpose", "Purpose", "X-Moz", "X-Purpose")).lower()
    return (
        method == "GET"
        and headers.get("Sec-Fetch-Mode") == "navigate"
        and headers.get("Sec-Fetch-Dest") == "document"
        and not re.search(r"prefetch|prerender|preview", purpose)
        and not PROGRAMS.search(headers.get("User-Agent", "") or "bot")
    )
