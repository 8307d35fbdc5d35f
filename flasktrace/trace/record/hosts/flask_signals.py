"""The ten signals of the real flask, noted when others listen to them.

They are not replaced, and who else listens is not touched: a receiver beside theirs gives the point
in time, but neither their durations nor their order. While nobody else listens, nor does it.
"""

from typing import Any

from flasktrace.trace.record.recorder import Recorder
from flasktrace.trace.record.recording import CURRENT

NAMES = (
    "appcontext_pushed",
    "request_started",
    "before_render_template",
    "template_rendered",
    "message_flashed",
    "got_request_exception",
    "request_finished",
    "request_tearing_down",
    "appcontext_tearing_down",
    "appcontext_popped",
)
"""Flask's ten, in the order in which a request sends them."""
_HEARD = {"before_render_template", "template_rendered", "got_request_exception"}
"""The recorder listens to them anyway."""


class Ears:
    """Listens to the signals of one app as soon as others do."""

    def __init__(self, app: Any, recorder: Recorder) -> None:
        import flask

        self._recorder = recorder
        #: The receivers of each signal, and how many there were at the last request.
        self._heard = [getattr(flask, name).receivers for name in NAMES]
        self._sizes: list[int] = []
        self._deaf = tuple(
            (signal, int(name in _HEARD), recorder.hears(signal, app))
            for name, signal in ((name, getattr(flask, name)) for name in NAMES)
        )

    def open(self) -> bool:
        """Begin to listen where others have begun since; tell whether any others listen."""
        try:
            sizes = list(map(len, self._heard))
            if sizes != self._sizes:
                self._listen()
                self._sizes = list(map(len, self._heard))
        except Exception as error:  # noqa: BLE001
            self._recorder.failed(CURRENT.get(), "signal", error)
        return len(self._deaf) < len(NAMES)

    def _listen(self) -> None:
        for signal, own, listen in self._deaf:
            if len(signal.receivers) > own:
                # Another thread may do the same, which changes nothing.
                self._deaf = tuple([item for item in self._deaf if item[0] is not signal])
                listen()


def is_receiver(function: Any, app: Any) -> bool:
    """Tell whether *function* receives one of the signals of *app*."""
    import flask

    return any(
        item is function for name in NAMES for item in getattr(flask, name).receivers_for(app)
    )
