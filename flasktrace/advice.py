"""Errors of debug mode for mistakes that are hard to see: what went wrong, and the remedy."""

from typing import Any

from werkzeug.datastructures import ImmutableMultiDict, MultiDict
from werkzeug.formparser import FormDataParser
from werkzeug.routing import RequestRedirect

from flasktrace.globals import contexts

_KEEP_THE_BODY = {307, 308}
_WITHOUT_BODY = {"GET", "HEAD", "OPTIONS"}


class FormDataLostError(AssertionError):
    """A form was sent to a url that redirects, and the browser would not send it again."""

    def __init__(self, url: str, error: RequestRedirect) -> None:
        self.url = url
        self.new_url = error.new_url
        message = (
            f"A form was sent to {url!r}, which redirects to {error.new_url!r}; the browser asks "
            "for that without the data. Send the form to the second url."
        )
        if error.new_url.partition("?")[0] == f"{url.partition('?')[0]}/":
            message += " They differ only in the slash at the end."
        super().__init__(f"{message} (This is told in debug mode only.)")


class MissingEnctypeError(KeyError, AssertionError):
    """A file was looked up in ``request.files``, but the form sent only its name."""

    def __init__(self, key: str, name: str, mimetype: str) -> None:
        self.key = key
        self.name = name
        self.mimetype = mimetype
        super().__init__(
            f"There is no file {key!r}: the form was sent as {mimetype!r}, and has only the name "
            f"{name!r} of one. Give it enctype='multipart/form-data'. (This is told in debug mode "
            "only.)"
        )

    def __str__(self) -> str:
        return str(self.args[0])  # without the quotes that KeyError puts around


class FilesNotSent(ImmutableMultiDict[str, Any]):
    """The empty ``request.files`` of a form that cannot send files."""

    def __init__(self, form: MultiDict[str, str], mimetype: str) -> None:
        super().__init__()
        self._form = form
        self._mimetype = mimetype

    def __repr__(self) -> str:
        return "ImmutableMultiDict([])"  # what it is when nothing is missed

    def __getitem__(self, key: str) -> Any:
        if key in self._form:
            raise MissingEnctypeError(key, self._form[key], self._mimetype)
        return super().__getitem__(key)


class FormParser(FormDataParser):
    """Parses forms; in debug mode remembers why there are no files."""

    def parse(self, stream: Any, mimetype: str, *args: Any, **kwargs: Any) -> Any:
        """Return stream, fields and files."""
        stream, form, files = super().parse(stream, mimetype, *args, **kwargs)
        context = contexts.top
        if context is not None and context.app.debug and mimetype != "multipart/form-data":
            files = FilesNotSent(form, mimetype)
        return stream, form, files


def loses_form_data(error: Any, method: str) -> bool:
    """Tell whether what the match raised makes a browser repeat the request without its body."""
    return (
        isinstance(error, RequestRedirect)
        and error.code not in _KEEP_THE_BODY
        and method not in _WITHOUT_BODY
    )
