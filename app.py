"""`app` for a WSGI server (`granian --interface wsgi app:app`); `python app.py` runs everything on one machine."""

import sys

if __name__ == "__main__":
    from portal.supervisor import main

    sys.exit(main())

from portal import create_app

app = create_app()
