"""Puts the dashboard under a path of the app's address, beside the app."""

from collections.abc import Callable
from typing import Any


class Mount:
    """Hands requests below *path* to the dashboard and all others to *app*.

    The dashboard is made when it is first asked for. *announce* is called once, with the first
    request.
    """

    def __init__(
        self,
        app: Callable[..., Any],
        path: str,
        make_dashboard: Callable[[], Callable[..., Any]],
        announce: Callable[[dict[str, Any]], None] | None = None,
    ) -> None:
        self.app = app
        #: False once the app is unwrapped, should somebody still hold the mount.
        self.on = True
        self.path = path
        self._make_dashboard = make_dashboard
        self._dashboard: Callable[..., Any] | None = None
        self._announce = announce

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        """Answer one request."""
        if not self.on:
            return self.app(environ, start_response)
        if self._announce is not None:
            announce, self._announce = self._announce, None
            announce(environ)
        path = environ.get("PATH_INFO", "")
        if path == self.path or path.startswith(f"{self.path}/"):
            return self.dashboard(self._shifted(environ, path), start_response)
        return self.app(environ, start_response)

    @property
    def dashboard(self) -> Callable[..., Any]:
        """The dashboard, made now if it is not yet there."""
        if self._dashboard is None:
            self._dashboard = self._make_dashboard()
        return self._dashboard

    def _shifted(self, environ: dict[str, Any], path: str) -> dict[str, Any]:
        """Return a copy of the environ in which the dashboard's path is part of the root."""
        root = environ.get("SCRIPT_NAME", "")
        rest = path[len(self.path) :]
        return {**environ, "SCRIPT_NAME": f"{root}{self.path}", "PATH_INFO": rest}
