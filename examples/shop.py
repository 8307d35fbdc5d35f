"""The shop of the demo, with your own browser as its visitor.

Look at the context cards while you log in as ada / lovelace: ``load_user`` puts the user into
``g``. The home page lists more requests that are worth a trace.
"""

import os

from flasktrace import wrap
from flasktrace.demo.shop import create_app

app = create_app()
wrap(app)

if __name__ == "__main__":
    app.run(port=int(os.environ.get("PORT", "5000")), debug=True)
