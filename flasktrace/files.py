"""Sending files."""

from collections.abc import Callable
from datetime import datetime
from os import PathLike
from typing import IO, Any

import werkzeug.utils

from flasktrace.globals import current_app, request


def send_file(
    path_or_file: str | PathLike[str] | IO[bytes],
    mimetype: str | None = None,
    as_attachment: bool = False,
    download_name: str | None = None,
    conditional: bool = True,
    etag: bool | str = True,
    last_modified: datetime | float | None = None,
    max_age: int | Callable[[str | None], int | None] | None = None,
) -> Any:
    """Return a response with a file; a relative path begins at the folder of the app.

    *mimetype* and *download_name* are taken from the path unless given. A *conditional* response
    answers ranges, and 304 to a client that has the file. *max_age*, in seconds, is
    ``SEND_FILE_MAX_AGE_DEFAULT`` unless given.

    Never give it a path that a client chose; `send_from_directory` is for those.
    """
    return werkzeug.utils.send_file(
        path_or_file,
        **_of_the_app(max_age),
        as_attachment=as_attachment,
        conditional=conditional,
        download_name=download_name,
        etag=etag,
        last_modified=last_modified,
        mimetype=mimetype,
    )


def send_from_directory(
    directory: str | PathLike[str], path: str | PathLike[str], **kwargs: Any
) -> Any:
    """Return a response with a file below *directory*; NotFound when *path* leads out of it.

    The keyword arguments are those of `send_file`.
    """
    options = _of_the_app(kwargs.pop("max_age", None))
    return werkzeug.utils.send_from_directory(directory, path, **kwargs, **options)


def _of_the_app(max_age: Any) -> dict[str, Any]:
    return {
        "max_age": current_app.get_send_file_max_age if max_age is None else max_age,
        "environ": request.environ,
        "use_x_sendfile": current_app.config["USE_X_SENDFILE"],
        "response_class": current_app.response_class,
        "_root_path": current_app.root_path,
    }
