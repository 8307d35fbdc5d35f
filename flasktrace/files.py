"""Sending files."""

from os import PathLike
from typing import IO, Any

import werkzeug.utils

from flasktrace.globals import current_app, request


def _options(given: dict[str, Any]) -> dict[str, Any]:
    if given.get("max_age") is None:
        given["max_age"] = current_app.get_send_file_max_age
    return {
        **given,
        "environ": request.environ,
        "use_x_sendfile": current_app.config["USE_X_SENDFILE"],
        "response_class": current_app.response_class,
        "_root_path": current_app.root_path,
    }


def send_file(path_or_file: str | PathLike[str] | IO[bytes], **options: Any) -> Any:
    """Return a response with a file; *options* are those of ``werkzeug.utils.send_file``.

    Never give it a path that a client chose; `send_from_directory` is for those.
    """
    return werkzeug.utils.send_file(path_or_file, **_options(options))


def send_from_directory(
    directory: str | PathLike[str], path: str | PathLike[str], **options: Any
) -> Any:
    """Return a response with a file below *directory*; NotFound when *path* leads out of it."""
    return werkzeug.utils.send_from_directory(directory, path, **_options(options))
