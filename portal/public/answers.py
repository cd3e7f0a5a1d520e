"""What players see when something goes wrong: a page that names neither an organization nor this software."""

from flask import Response, make_response, render_template

from portal.branding.hosts import brand_here
from portal.public.landing import UNKNOWN, Refusal
from portal.web import headers
from portal.web.problems import Problem
from portal.web.request_id import request_id

# Tokens ride in these addresses: nothing may keep them, index them or pass them on.
HEADERS = {
    "Cache-Control": "no-store",
    "X-Robots-Tag": "noindex, nofollow, noarchive",
    "Referrer-Policy": "no-referrer",
}
AGAIN = Refusal(
    "This page does not open so", "Open the link in the message again. If it still fails, ask the sender for a new one."
)
FAILED = Refusal("Something failed on our side", "Try again in a moment. If it fails again, give the sender the number below.")
TROUBLES = {
    404: UNKNOWN,
    413: Refusal("Too much was sent", "This page needs one click and nothing else. Open the link in the message again."),
    429: Refusal("Many links are opened from where you are", "Your link stays good. Wait, then open it again."),
    500: FAILED,
    503: Refusal("Very busy at the moment", "Your link stays good. Wait, then open it again."),
}


class PlayerAnswers:
    prefixes = ("/play", "/p/")

    def word(self, problem: Problem, path: str) -> Response:
        """A page of its own, never the back office's."""
        trouble = TROUBLES.get(problem.status, AGAIN)
        wait = problem.retry_after if problem.status in (429, 503) else 0
        brand = brand_here()
        headers.allow(img_src=brand.img_src())
        page = render_template("public/trouble.html", trouble=trouble, wait=wait, request_id=request_id(), brand=brand)
        return private(make_response(page, problem.status))


ANSWERS = PlayerAnswers()


def private(response: Response) -> Response:
    """The same response, kept from caches, search engines and other sites."""
    response.headers.update(HEADERS)
    return response
