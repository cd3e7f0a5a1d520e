"""The application with one more route, `/v1/slow`, that holds its slot for as long as a test wants (`?seconds=`)."""

import time

from flask import jsonify, request

from portal import create_app
from portal.admission.caller import Caller
from portal.admission.guard import admit

app = create_app()


@app.get("/v1/slow")
@admit(None)
def slow(caller: Caller):
    time.sleep(float(request.args["seconds"]))
    return jsonify(data="slept")
