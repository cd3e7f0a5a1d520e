"""What visitors of competitions see when there is nothing to show: the same page for private, deleted and never there."""

from flask import Response, make_response, render_template

from portal.branding.hosts import brand_here
from portal.public.landing import Refusal
from portal.web import headers
from portal.web.problems import Problem
from portal.web.request_id import request_id

MISSING = Refusal(
    "There is no such competition", "The address may be incomplete, or the organizer took the page down. Ask them for a new link."
)
FAILED = Refusal("Something failed on our side", "Try again in a moment. If it fails again, give the organizer the number below.")
BUSY = Refusal("Very busy at the moment", "Wait a moment, then load the page again.")
MANY = Refusal("Much is asked from where you are", "Wait a few minutes, then go back: what you wrote is still there.")
TROUBLES = {404: MISSING, 429: MANY, 500: FAILED, 503: BUSY}


class CompetitionPageAnswers:
    prefixes = ("/c/", "/embed/")

    def word(self, problem: Problem, path: str) -> Response:
        """A page that names nobody. In a frame it shows too: there is nothing on it to press."""
        trouble = TROUBLES.get(problem.status, MISSING)
        number, brand = request_id() if problem.status >= 500 else "", brand_here()
        headers.allow(img_src=brand.img_src())
        page = render_template("public/competition/trouble.html", trouble=trouble, request_id=number, brand=brand)
        response = make_response(page, problem.status)
        response.headers["X-Robots-Tag"] = "noindex"
        if path.startswith("/embed/"):
            headers.allow_frames(response, "*", img_src=brand.img_src())
        return response


ANSWERS = CompetitionPageAnswers()
