"""Takes secrets out of what is kept, by name and by shape, before anybody sees it."""

import json
import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote, unquote_plus, urlsplit

MARK = "•••"

NAMES = (
    "accesskey",
    "apikey",
    "authcode",
    "authkey",
    "authorization",
    "cookie",
    "creditcard",
    "credential",
    "codeverifier",
    "csrf",
    "cvv",
    "devicecode",
    "encryptionkey",
    "jwt",
    "masterkey",
    "passcode",
    "passphrase",
    "passwd",
    "password",
    "privatekey",
    "pwd",
    "samlresponse",
    "secret",
    "sessionid",
    "signature",
    "signingkey",
    "ssn",
    "token",
    "xsrf",
)
"""A name that contains one of these, capitals and separators aside, names a secret."""

WHOLE_NAMES = frozenset({"auth", "otp", "pass", "pin", "pw", "sid", "sig", "xkey"})
"""Names of secrets that are part of too many harmless ones."""

LAST_WORDS = frozenset({"otp", "pass", "pw", "sid", "sig"})
"""A name whose last word is one of these names a secret: ``smtp_pass``, ``userPw``."""

WITH_CODE = frozenset({"clientid", "granttype", "redirecturi", "sessionstate", "state"})
"""Beside one of these, ``code`` is what OAuth exchanges for a token (RFC 6749 section 4.1)."""

HARMLESS = frozenset({"accesscontrolallowcredentials"})
"""Names that only look secret: it says ``true`` or nothing (Fetch standard)."""

# Linear: no part can match the same text in two ways.
_SHAPES = re.compile(
    r"(?<![\w-])eyJ[\w-]{8,}+\.[\w-]++\.[\w-]*+"  # a JWT (RFC 7519)
    r"|(?<=earer )[\w.~+/=-]{8,}"  # a Bearer token (RFC 6750)
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----[^-]*(?:-----END [A-Z ]*PRIVATE KEY-----)?"
    r"|\bA(?:KIA|SIA)[0-9A-Z]{16}\b"  # an access key of AWS
    r"|(?<=://)[^/\s?#]+(?=@)"  # user and password in a url
)
_HINTS = re.compile(r"eyJ|earer |PRIVATE KEY|AKIA|ASIA|://")
# The name in name=value, "name": value, x["name"] = value; and a value that is no bracket.
_FIELD_NAMES = re.compile(r"(?<![\w.-])([\w.-]{1,64}+)[\"']?\]?\s{0,9}[:=]\s{0,9}")
_VALUES = re.compile(r"\"((?:[^\"\\]|\\.)*+)|'((?:[^'\\]|\\.)*+)|([^\s&,;\"'}\])]++)")
# A secret that a sentence quotes: API key parameter 'x' is invalid.
_QUOTED = re.compile(
    r"(?i:\b(?:(?:api|access|secret|private)[ _-]?key|token|secret|pass(?:word|phrase|code))"
    r"(?: [a-z]{1,15}){0,2}:? )[\"'`]([\w.~+/=-]{16,}+)(?=[\"'`])"
)
_OPEN, _CLOSE = "[{(", "]})"
_ELEMENTS = re.compile(r"<([\w.:-]{1,64})([^<>]{0,500})>([^<>]+)(?=</)")
_SEPARATORS = re.compile(r"[\W_]+")
_WORDS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+|[^\W\d_a-zA-Z]+")
_SCHEMES = frozenset({"basic", "bearer", "digest", "negotiate", "token", "apikey", "hawk", "dpop"})
_URLS = frozenset({"location", "referer", "content-location", "refresh", "origin", "link"})
_FIRST_WORDS = frozenset(
    {
        *("a", "an", "at", "by", "cannot", "could", "expected", "for", "from", "got", "has", "in"),
        *("invalid", "is", "it", "line", "missing", "must", "no", "not", "of", "on", "or"),
        *("should", "that", "the", "this", "to", "unexpected", "unknown", "was", "with", "your"),
    }
)
"""Words that a sentence goes on with after a colon, and that are no secrets."""
_SHORT = 4


class Redactor:
    """Knows which names are secret; *more* adds to them."""

    def __init__(self, more: Iterable[str] = ()) -> None:
        added = (_folded(name) for name in more)
        self._names = (*NAMES, *(name for name in added if name))
        self._known: dict[str, bool] = {}

    def is_secret(self, name: str) -> bool:
        """Tell whether a value called *name* is a secret."""
        known = self._known.get(name)
        if known is None:
            folded = _folded(name[:200])
            known = (
                folded in WHOLE_NAMES
                or _last_word(name[-200:]) in LAST_WORDS
                or any(secret in folded for secret in self._names)
            )
            known = known and folded not in HARMLESS
            if len(name) <= 100 and len(self._known) < 10_000:  # noqa: PLR2004 clients give names
                self._known[name] = known
        return known

    def text(self, value: str) -> str:
        """Return *value* with everything replaced in it that has the shape of a secret."""
        if not _HINTS.search(value):
            return value
        return _SHAPES.sub(lambda found: hidden(found[0]), value)

    def prose(self, value: str) -> str:
        """Return a sentence, such as an exception's, without secrets by shape or by name."""
        # Shapes first: of "Authorization: Bearer x" the value by name is the first word.
        told = self._fields(self.text(value))
        return _QUOTED.sub(_quoted, told) if "'" in told or '"' in told or "`" in told else told

    def source(self, line: str) -> str:
        """Return a line of code with the literals replaced that are assigned to secret names."""
        return self.text(self._fields(line, bare=False))

    def header(self, name: str, value: str) -> str:
        """Return the value of a header without secrets; names of cookies stay."""
        folded = name.lower()
        if folded == "cookie":
            return "; ".join([_cookie(part) for part in value.split(";")])
        if folded == "set-cookie":
            first, *rest = value.split(";")
            return ";".join([_cookie(first), *rest])
        if folded in {"authorization", "proxy-authorization"}:
            scheme, _, credentials = value.partition(" ")
            shown = credentials and scheme.lower() in _SCHEMES
            return f"{scheme} {hidden(credentials)}" if shown else hidden(value)
        if folded in _URLS or value.startswith(("/", "http://", "https://")):
            return self.url(value)
        if folded.endswith("-auth") or self.is_secret(name):
            return hidden(value)
        return self.text(value)

    def query(self, query: str) -> str:
        """Return a query string with the values of secret names replaced."""
        if not query:
            return query
        parts = query.split("&")
        exchanges = "code=" in query and any(_folded(_name(part)) in WITH_CODE for part in parts)
        return "&".join(self._pair(part, exchanges) for part in parts)

    def url(self, url: str) -> str:
        """Return a url with the secrets of its query, fragment and user part replaced."""
        try:
            parts = urlsplit(url)
        except ValueError:
            return self.prose(url)
        for part in {parts.query, parts.fragment} - {""}:
            url = url.replace(part, self.query(part))
        return self.text(url)

    def body(self, text: str) -> str:
        """Return the text of a body (JSON, form, XML) with the values of secret names replaced."""
        if text[:1] in {"{", "["}:
            try:
                return json.dumps(self._plain(json.loads(text)), ensure_ascii=False)
            except (ValueError, RecursionError):
                pass  # cut off, or no JSON
        text = _ELEMENTS.sub(self._element, text)
        if "=" in text and not set(text) & set(" \n<{"):
            return self.query(text)
        return self.prose(text)

    def _plain(self, value: Any, name: str = "") -> Any:
        if name and value is not None and self.is_secret(name):
            return hidden(value) if type(value) is str else MARK
        if type(value) is dict:
            return {key: self._plain(item, key) for key, item in value.items()}
        if type(value) is list:
            return [self._plain(item) for item in value]
        return self.text(value) if type(value) is str else value

    def _fields(self, text: str, *, bare: bool = True) -> str:
        """Return *text* without the values of secret names; only quoted ones unless *bare*."""
        made, done = [], 0
        for found in _FIELD_NAMES.finditer(text):
            if found.start() < done or not self.is_secret(found[1]):
                continue
            start, end = _value(text, found.end())
            if start == end or (start == found.end() and not bare):
                continue
            if found[0].rstrip().endswith(":") and _goes_on(text, start, end):
                continue
            made += [text[done:start], hidden(text[start:end])]
            done = end
        return "".join([*made, text[done:]])

    def _element(self, found: re.Match[str]) -> str:
        name, attributes, value = found.groups()
        return f"<{name}{attributes}>{hidden(value)}" if self.is_secret(name) else found[0]

    def _pair(self, part: str, exchanges: bool) -> str:
        name, sign, value = part.partition("=")
        if sign and value:
            plain = unquote_plus(name)
            if self.is_secret(plain) or (exchanges and plain == "code"):
                return f"{name}={hidden(value)}"
        return self.text(part)


def _quoted(found: re.Match[str]) -> str:
    """Return what a sentence quotes as a secret, replaced unless it is but a word."""
    value = found[1]
    if not any(map(str.isdigit, value)):
        return found[0]
    return f"{found[0][: -len(value)]}{hidden(value)}"


def _name(part: str) -> str:
    return unquote_plus(part.partition("=")[0])


def _goes_on(text: str, start: int, end: int) -> bool:
    """Tell whether the value is but the first word of a sentence: ``unclosed token: line 1``."""
    more = text[end : end + 2]
    return text[start:end].lower() in _FIRST_WORDS and more[:1] == " " and more[1:].strip() != ""


def _value(text: str, start: int) -> tuple[int, int]:
    """Return where the value at *start* begins and ends, without its quotes."""
    if text[start : start + 1] in _OPEN:
        return start, _end_of_brackets(text, start)
    found = _VALUES.match(text, start)
    return found.span(found.lastindex or 0) if found else (start, start)


def _end_of_brackets(text: str, start: int) -> int:
    depth = 0
    for position in range(start, len(text)):
        depth += (text[position] in _OPEN) - (text[position] in _CLOSE)
        if depth <= 0:
            return min(position + 1, len(text))
    return len(text)


def hidden(value: str) -> str:
    """Return what stands for a secret text: that it was text, and how long."""
    return f"{MARK} str({len(value)})"


def without(text: str, secrets: Iterable[str]) -> str:
    """Return *text* with the secret texts replaced, quoted or not.

    A very short one is only replaced as the segment of a path, since it may be part of any word.
    """
    for secret in secrets:
        for form in sorted({secret, quote(secret), quote(secret, safe="")} - {""}, key=len)[::-1]:
            if len(form) >= _SHORT:
                text = text.replace(form, hidden(secret))
            else:
                text = "/".join(_segment(part, form) for part in text.split("/"))
    return text


def _segment(part: str, secret: str) -> str:
    rest = part.removeprefix(secret)
    return part if len(rest) == len(part) or rest[:1].isalnum() else f"{hidden(secret)}{rest}"


def secret_segments(rule: str, path: str, names: Iterable[str]) -> list[str]:
    """Return the segments of *path* that stand where *rule* has a value of one of *names*."""
    parts, found = rule.split("/"), path.split("/")
    if len(parts) != len(found):
        return []
    ends = [f"{sign}{name}>" for name in names for sign in "<:"]
    return [
        text
        for part, text in zip(parts, found, strict=True)
        if text and any(end in part for end in ends)
    ]


def _cookie(pair: str) -> str:
    name, sign, value = pair.strip().partition("=")
    return f"{name}={hidden(value)}" if sign else (pair and hidden(pair.strip()))


def _last_word(name: str) -> str:
    return _WORDS.findall(name)[-1].casefold() if name[-1:].isalpha() else ""


def _folded(name: str) -> str:
    return _SEPARATORS.sub("", name).casefold()
