"""Takes secrets out of what is kept, by name and by shape, before anybody sees it."""

import re
from collections.abc import Iterable
from urllib.parse import parse_qsl, quote, urlsplit

MARK = "•••"

NAMES = (
    "accesskey",
    "apikey",
    "authorization",
    "cookie",
    "creditcard",
    "credential",
    "csrf",
    "cvv",
    "passphrase",
    "passwd",
    "password",
    "privatekey",
    "pwd",
    "secret",
    "sessionid",
    "ssn",
    "token",
    "xsrf",
)
"""A name that contains one of these, capitals and separators aside, names a secret."""

# Linear: no part can match the same text in two ways.
_SHAPES = re.compile(
    r"eyJ[\w-]{8,}\.[\w-]+\.[\w-]*"  # a JWT (RFC 7519)
    r"|(?<=earer )[\w.~+/=-]{8,}"  # a Bearer token (RFC 6750)
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----[^-]*(?:-----END [A-Z ]*PRIVATE KEY-----)?"
    r"|\bA(?:KIA|SIA)[0-9A-Z]{16}\b"  # an access key of AWS
    r"|(?<=://)[^/\s:@]*:[^/\s@]+(?=@)"  # user and password in a url
)
_HINTS = ("eyJ", "earer ", "PRIVATE KEY", "AKIA", "ASIA", "://")
_FIELDS = re.compile(
    r"(\"?)([\w.-]{1,64})\1(\s{0,9}[:=]\s{0,9})(\"(?:[^\"\\]|\\.)*\"|[^\s&,;\"}]+)"
)
_SEPARATORS = re.compile(r"[\W_]+")


class Redactor:
    """Knows which names are secret; *more* adds to them."""

    def __init__(self, more: Iterable[str] = ()) -> None:
        self._names = (*NAMES, *(_folded(name) for name in more))
        self._known: dict[str, bool] = {}

    def is_secret(self, name: str) -> bool:
        """Tell whether a value called *name* is a secret."""
        known = self._known.get(name)
        if known is None:
            folded = _folded(name[:200])
            known = any(secret in folded for secret in self._names)
            if len(self._known) < 10_000:  # names may come from clients
                self._known[name] = known
        return known

    def text(self, value: str) -> str:
        """Return *value* with everything replaced in it that has the shape of a secret."""
        if not any(hint in value for hint in _HINTS):
            return value
        return _SHAPES.sub(lambda found: hidden(found[0]), value)

    def header(self, name: str, value: str) -> str:
        """Return the value of a header without secrets; names of cookies stay."""
        folded = name.lower()
        if folded == "cookie":
            return "; ".join(_cookie(part) for part in value.split(";"))
        if folded == "set-cookie":
            first, *rest = value.split(";")
            return ";".join([_cookie(first), *rest])
        if folded in {"authorization", "proxy-authorization"}:
            scheme, _, credentials = value.partition(" ")
            return f"{scheme} {hidden(credentials)}" if credentials else hidden(value)
        if folded in {"location", "referer", "content-location", "refresh"}:
            return self.url(value)
        return hidden(value) if self.is_secret(name) else self.text(value)

    def query(self, query: str) -> str:
        """Return a query string with the values of secret names replaced."""
        if not query:
            return query
        return "&".join(self._pair(part) for part in query.split("&"))

    def url(self, url: str) -> str:
        """Return a url with the secrets of its query and user part replaced."""
        try:
            query = urlsplit(url).query
        except ValueError:
            return self.text(url)
        return self.text(url.replace(query, self.query(query)) if query else url)

    def body(self, text: str) -> str:
        """Return the text of a body (form or JSON) with the values of secret names replaced."""
        return self.text(_FIELDS.sub(self._field, text))

    def _field(self, found: re.Match[str]) -> str:
        quote_mark, name, sign, value = found.groups()
        if not self.is_secret(name):
            return found[0]
        return f"{quote_mark}{name}{quote_mark}{sign}{hidden(value.strip(chr(34)))}"

    def _pair(self, part: str) -> str:
        name, sign, value = part.partition("=")
        decoded = parse_qsl(f"{name}=x") or [(name, "")]
        if sign and value and self.is_secret(decoded[0][0]):
            return f"{name}={hidden(value)}"
        return self.text(part)


def hidden(value: str) -> str:
    """Return what stands for a secret text: that it was text, and how long."""
    return f"{MARK} str({len(value)})"


def path_without(path: str, secrets: Iterable[str]) -> str:
    """Return *path* with the secret texts in it replaced, quoted or not."""
    for secret in secrets:
        for form in {secret, quote(secret)} - {""}:
            path = path.replace(form, hidden(secret))
    return path


def _cookie(pair: str) -> str:
    name, sign, value = pair.partition("=")
    return f"{name}={hidden(value)}" if sign else pair


def _folded(name: str) -> str:
    return _SEPARATORS.sub("", name).casefold()
