"""`app` for a WSGI server (`granian --interface wsgi app:app`); `python app.py` runs everything on one machine."""

import sys

if __name__ == "__main__":
    from portal.supervisor import main

    sys.exit(main())

from portal import create_app
from portal.config import SettingError

try:
    app = create_app()
except SettingError as problem:
    sys.exit(str(problem))
