"""Logging and warnings."""

import logging
import warnings

from tests.trace.record.apps.registry import app_for_both
from tests.trace.record.same import Ask


@app_for_both
def it_logs_and_warns(lib, notes):
    app = lib.Flask("logs")

    @app.route("/")
    def index():
        app.logger.warning("a %s", "line")
        logging.getLogger("other").error("b")
        warnings.warn("old", DeprecationWarning, stacklevel=1)
        return "said"

    return app, [Ask(), Ask()]
