"""Every page about matches and standings: importing them puts them on the blueprint."""

from portal.competitions import correction_pages, import_pages, match_pages, schedule_pages, standing_pages
from portal.competitions.play import pages

__all__ = ["correction_pages", "import_pages", "match_pages", "pages", "schedule_pages", "standing_pages"]
