"""Who may look: the one gate that every request to the dashboard passes."""

import hmac
import json
import secrets
import time
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from hashlib import sha256
from http import HTTPStatus
from typing import Any, NoReturn, Protocol
from urllib.parse import parse_qs, quote

from jinja2 import Environment
from werkzeug.http import dump_cookie
from werkzeug.sansio.http import parse_cookie

from flasktrace.trace.show import assets
from flasktrace.trace.show.assets import templates
from flasktrace.trace.show.origin import Origin, TrustedHosts, own_origin, sent_origin

Answer = tuple[str, list[tuple[str, str]], bytes]
"""Status line, headers and body."""

LINK_LIFE = 12 * 3600
"""Seconds for which an unused login link is good."""
COOKIE_LIFE = 7 * 24 * 3600
"""Seconds for which a browser stays signed in."""
FAILURES = 10
"""Wrong tokens in `WINDOW` after which no token is looked at any more."""
WINDOW = 60
"""Seconds."""

HEADERS = (
    (
        "Content-Security-Policy",
        (
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
            "connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
        ),
    ),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
    ("Referrer-Policy", "no-referrer"),
    ("Cache-Control", "no-store"),
)
"""What every response of the dashboard carries (SAFETY.md, S9)."""

_STYLE = "/* base.css */"
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_LONGEST_FORM = 4096
_SHOWN_HOST = 100

_NO_PROXY = (
    "The request came through a proxy that the app was not told of. If the proxy is yours, wrap "
    "the app in werkzeug.middleware.proxy_fix.ProxyFix."
)
_OTHER_SITE = "Another site asked for this page. Open it from the address bar."
_STATE_RULE = (
    "A request that changes something needs Content-Type: application/json, X-Flasktrace: 1, an "
    "Origin header of this dashboard and X-Flasktrace-Token."
)


class Ledger(Protocol):
    """Small facts that all workers share; each is gone after its time to live."""

    def add(self, kind: str, key: str, ttl: float, value: str = "") -> None:
        """Keep *value* under *kind* and *key* for *ttl* seconds."""

    def get(self, kind: str, key: str) -> str | None:
        """Return the value, None when there is none."""

    def take(self, kind: str, key: str) -> str | None:
        """Return the value and remove it, in one step: of two callers one gets it."""

    def remove(self, kind: str, key: str) -> None:
        """Forget it, if it is there."""

    def count(self, kind: str, since: float) -> int:
        """Return how many of *kind* were added since that time, in seconds of the epoch."""


class Refused(Exception):  # noqa: N818 - not an error: the ordinary way out of the gate
    """The request ends at the gate, with this answer."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer[0])
        self.answer = answer


class Access:
    """The gate in front of the dashboard; `check` is all that a request meets.

    *token* is the API token of programs, None for none. *trusted_hosts* are names beside those
    of this machine: exact, or with a leading dot for all below. *clock* gives seconds of the
    epoch, as the ledger's clock does.
    """

    def __init__(
        self,
        mount: str = "/_trace",
        *,
        token: str | None,
        trusted_hosts: Sequence[str],
        ledger: Ledger,
        app_name: str,
        dangerously_allow_anonymous: bool = False,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.mount = mount.rstrip("/")
        self.hosts = TrustedHosts(trusted_hosts)
        self.ledger = ledger
        self.app_name = app_name
        self.anonymous = dangerously_allow_anonymous
        # Cookies ignore ports: two apps on localhost would sign each other out.
        self.cookie_name = f"flasktrace_{_digest(app_name)[:8]}"
        self._token = token.encode() if token else None
        self._clock = clock

    def launch_link(self) -> str:
        """Return a path that signs one browser in, once; access logs print it, so only once."""
        token = secrets.token_urlsafe(24)
        self.ledger.add("link", _digest(token), LINK_LIFE)
        return f"{self.mount}/login?token={token}"

    def check(self, environ: Mapping[str, Any]) -> Answer | None:
        """Return None when the request may go on to the dashboard, else the answer to it."""
        try:
            self._check(environ)
        except Refused as refused:
            return refused.answer
        except Exception:  # noqa: BLE001 - nothing from here may reach the traced app
            return fixed_answer(HTTPStatus.INTERNAL_SERVER_ERROR)
        return None

    def csrf_token(self, environ: Mapping[str, Any]) -> str:
        """Return what a page must send back with a change; empty when nobody is signed in."""
        session = self._session(environ)
        return session[1] if session else ""

    def _check(self, environ: Mapping[str, Any]) -> None:
        path = environ.get("PATH_INFO", "")
        own = self._check_host(environ)
        _check_proxy(environ)
        _check_source(environ, own)
        if path == "/login":
            self._login(environ)
        # The login page needs its style sheet, and files that everybody can read hide nothing.
        is_asset = path.startswith("/static/") and _method(environ) in _SAFE_METHODS
        if not is_asset:
            by_program = self._check_credentials(environ)
            self._check_change(environ, by_program=by_program)
        if path == "/logout" and _method(environ) == "POST":
            self._logout(environ)

    def _check_host(self, environ: Mapping[str, Any]) -> Origin:
        """Return the origin of the dashboard as the client sees it."""
        scheme = environ.get("wsgi.url_scheme", "")
        header = environ.get("HTTP_HOST", "")
        own = own_origin(scheme, header)
        if own is None or own.host not in self.hosts:
            _refuse_host(environ, header)
        # A rebound page can send X-Forwarded-Host, so the name below the proxy counts as well.
        before = environ.get("werkzeug.proxy_fix.orig") or {}
        below = before.get("HTTP_HOST")
        if below is not None:
            direct = own_origin("http", below)
            if direct is None or direct.host not in self.hosts:
                _refuse_host(environ, below)
        return own

    def _check_credentials(self, environ: Mapping[str, Any]) -> bool:
        """Let known visitors through; True when it is a program, by its token alone."""
        if self.anonymous or self._session(environ):
            return False
        sent = _bearer(environ)
        if sent is None:
            self._ask_to_log_in(environ)
        if not self._is_token(environ, _raw(sent)):
            self._ask_to_log_in(environ, "The token is not the one that this app was started with.")
        return True

    def _check_change(self, environ: Mapping[str, Any], *, by_program: bool) -> None:
        """Stop a request that changes something unless our own page or a program sent it."""
        if _method(environ) in _SAFE_METHODS:
            return
        content_type = environ.get("CONTENT_TYPE", "").partition(";")[0].strip().lower()
        meant = content_type == "application/json" and environ.get("HTTP_X_FLASKTRACE") == "1"
        if not meant or not (by_program or self._is_own_page(environ)):
            _refuse(environ, HTTPStatus.FORBIDDEN, _STATE_RULE)

    def _is_own_page(self, environ: Mapping[str, Any]) -> bool:
        if "HTTP_ORIGIN" not in environ:
            return False
        sent = _raw(environ.get("HTTP_X_FLASKTRACE_TOKEN", ""))
        return self.anonymous or hmac.compare_digest(sent, self.csrf_token(environ).encode())

    def _session(self, environ: Mapping[str, Any]) -> tuple[str, str] | None:
        """Return the ledger's key and the CSRF token of the browser that sent the request."""
        # Cookies of other apps on this machine come along, in whatever bytes they like.
        sent = _raw(environ.get("HTTP_COOKIE", "")).decode(errors="replace")
        for value in parse_cookie(sent).getlist(self.cookie_name)[:3]:
            key = _digest(value)
            csrf = self.ledger.get("session", key)
            if csrf:
                return key, csrf
        return None

    def _is_token(self, environ: Mapping[str, Any], sent: bytes) -> bool:
        self._check_failures(environ)
        if self._token is not None and hmac.compare_digest(sent, self._token):
            return True
        self._count_failure()
        return False

    def _check_failures(self, environ: Mapping[str, Any]) -> None:
        """Look at no token while there are many wrong ones, from whichever worker."""
        if self.ledger.count("failure", self._clock() - WINDOW) >= FAILURES:
            why = f"Too many wrong tokens. Wait {WINDOW} seconds, then try again."
            headers = [("Retry-After", str(WINDOW))]
            _refuse(environ, HTTPStatus.TOO_MANY_REQUESTS, why, headers)

    def _count_failure(self) -> None:
        self.ledger.add("failure", secrets.token_hex(16), WINDOW)

    def _login(self, environ: Mapping[str, Any]) -> NoReturn:
        if _method(environ) == "POST":
            self._login_by_form(environ)
        token = _first(environ.get("QUERY_STRING", ""), "token")
        # Programs that look ahead send HEAD; the link must survive them.
        if token and _method(environ) == "GET":
            self._login_by_link(environ, token)
        self._let_in(environ)
        self._ask_to_log_in(environ)

    def _let_in(self, environ: Mapping[str, Any]) -> None:
        """Send those to the list who need not sign in any more."""
        if self.anonymous or self._session(environ):
            raise Refused(_redirect(environ, self._home(environ)))

    def _login_by_link(self, environ: Mapping[str, Any], token: str) -> NoReturn:
        self._check_failures(environ)
        if self.ledger.take("link", _digest(token)) is None:
            # Whoever opens the printed link a second time is signed in by it already.
            self._let_in(environ)
            self._count_failure()
            self._ask_to_log_in(environ, "This login link is used, too old or not of this app.")
        self._enter(environ)

    def _login_by_form(self, environ: Mapping[str, Any]) -> NoReturn:
        """Take the pasted token: the one form, and so the one change without JSON."""
        if "HTTP_ORIGIN" not in environ:
            _refuse(environ, HTTPStatus.FORBIDDEN, _OTHER_SITE)
        token = _first(_form(environ), "token")
        if not token or not self._is_token(environ, token.encode(errors="replace")):
            self._ask_to_log_in(environ, "That is not the token that this app was started with.")
        self._enter(environ)

    def _enter(self, environ: Mapping[str, Any]) -> NoReturn:
        """Give the browser its cookie and send it to the list, without the token in the URL."""
        value = secrets.token_urlsafe(24)
        self.ledger.add("session", _digest(value), COOKIE_LIFE, secrets.token_urlsafe(24))
        cookie = ("Set-Cookie", self._cookie(environ, value, COOKIE_LIFE))
        # A strict cookie does not survive a redirect that began on another site; a page does.
        if environ.get("HTTP_SEC_FETCH_SITE", "none") in {"none", "same-origin"}:
            raise Refused(_redirect(environ, self._home(environ), cookie))
        page = _render(environ, "welcome.html", home=self._home(environ))
        raise Refused(_answer(environ, HTTPStatus.OK, page, "text/html", [cookie]))

    def _logout(self, environ: Mapping[str, Any]) -> NoReturn:
        session = self._session(environ)
        if session:
            self.ledger.remove("session", session[0])
        cookie = ("Set-Cookie", self._cookie(environ, "", 0))
        body = json.dumps({"logged_out": True})
        raise Refused(_answer(environ, HTTPStatus.OK, body, "application/json", [cookie]))

    def _cookie(self, environ: Mapping[str, Any], value: str, max_age: int) -> str:
        path = _root(environ) or self.mount or "/"
        return dump_cookie(
            self.cookie_name, value, max_age, path=path, httponly=True, samesite="Strict"
        )

    def _home(self, environ: Mapping[str, Any]) -> str:
        return f"{_root(environ) or self.mount}/"

    def _ask_to_log_in(self, environ: Mapping[str, Any], problem: str = "") -> NoReturn:
        status = HTTPStatus.UNAUTHORIZED
        if _wants_json(environ):
            remedy = "send Authorization: Bearer <token>, or open the login link printed at start"
            body = json.dumps({"error": problem or "not logged in", "remedy": remedy})
            headers = [("WWW-Authenticate", 'Bearer realm="flasktrace"')]
            raise Refused(_answer(environ, status, body, "application/json", headers))
        page = _render(environ, "login.html", problem=problem, has_token=self._token is not None)
        raise Refused(_answer(environ, status, page, "text/html"))


def fixed_answer(status: HTTPStatus) -> Answer:
    """Return an answer that says nothing but its status."""
    body = f"{status.value} {status.phrase}\n".encode()
    headers = [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(body)))]
    return f"{status.value} {status.phrase}", [*headers, *HEADERS], body


def _check_proxy(environ: Mapping[str, Any]) -> None:
    """Stop what came through a proxy nobody configured: behind it every client looks local."""
    if "werkzeug.proxy_fix.orig" not in environ and any(_forwarding(environ)):
        _refuse(environ, HTTPStatus.FORBIDDEN, _NO_PROXY)


def _forwarding(environ: Mapping[str, Any]) -> Iterator[str]:
    for name in environ:
        if name in {"HTTP_FORWARDED", "HTTP_VIA"} or name.startswith("HTTP_X_FORWARDED"):
            yield name


def _check_source(environ: Mapping[str, Any], own: Origin) -> None:
    """Stop what another site sent; headers that are not there prove nothing."""
    origin = environ.get("HTTP_ORIGIN")
    if origin is not None and sent_origin(origin) != own:
        _refuse(environ, HTTPStatus.FORBIDDEN, _OTHER_SITE)
    site = environ.get("HTTP_SEC_FETCH_SITE")
    if site not in {None, "same-origin", "none"} and not _is_way_in(environ):
        _refuse(environ, HTTPStatus.FORBIDDEN, _OTHER_SITE)


def _is_way_in(environ: Mapping[str, Any]) -> bool:
    """Tell whether a person followed a link to the login page, say in a web terminal."""
    return (
        environ.get("PATH_INFO") == "/login"
        and _method(environ) == "GET"
        and environ.get("HTTP_SEC_FETCH_MODE") == "navigate"
        and environ.get("HTTP_SEC_FETCH_DEST") == "document"
    )


def _refuse_host(environ: Mapping[str, Any], host: str) -> NoReturn:
    why = (
        "The dashboard does not answer under this host name. If it is yours, add it to the "
        "setting trusted_hosts."
    )
    _refuse(environ, HTTPStatus.FORBIDDEN, why, host=host[:_SHOWN_HOST])


def _refuse(
    environ: Mapping[str, Any],
    status: HTTPStatus,
    why: str,
    headers: Sequence[tuple[str, str]] = (),
    host: str = "",
) -> NoReturn:
    if _wants_json(environ):
        body = json.dumps({"error": why} | ({"host": host} if host else {}))
        raise Refused(_answer(environ, status, body, "application/json", headers))
    page = _render(environ, "refused.html", status=status, why=why, host=host)
    page = page.replace(_STYLE, _base_style())
    line, given, content = _answer(environ, status, page, "text/html", headers)
    raise Refused((line, [(name, _with_own_style(name, text)) for name, text in given], content))


@cache
def _base_style() -> str:
    return assets.static()["base.css"].content.decode()


def _with_own_style(name: str, text: str) -> str:
    """Return a header's text, with the policy letting in the style that the page has inside."""
    if name != HEADERS[0][0]:
        return text
    digest = b64encode(sha256(_base_style().encode()).digest()).decode()
    return text.replace("style-src 'self'", f"style-src 'sha256-{digest}'")


def _redirect(environ: Mapping[str, Any], to: str, *headers: tuple[str, str]) -> Answer:
    given = [("Location", to), *headers]
    return _answer(environ, HTTPStatus.SEE_OTHER, "", "text/plain", given)


def _answer(
    environ: Mapping[str, Any],
    status: HTTPStatus,
    text: str,
    content_type: str,
    headers: Sequence[tuple[str, str]] = (),
) -> Answer:
    body = text.encode(errors="backslashreplace")
    own = [("Content-Type", f"{content_type}; charset=utf-8"), ("Content-Length", str(len(body)))]
    sent = b"" if _method(environ) == "HEAD" else body
    return f"{status.value} {status.phrase}", [*own, *HEADERS, *headers], sent


def _render(environ: Mapping[str, Any], name: str, **values: object) -> str:
    return _pages().get_template(name).render(root=_root(environ), **values)


@cache
def _pages() -> Environment:
    return Environment(loader=templates(), autoescape=True)


def _root(environ: Mapping[str, Any]) -> str:
    """Return the path of the dashboard on its server, quoted for a URL."""
    return quote(_raw(environ.get("SCRIPT_NAME", "")).rstrip(b"/"))


def _wants_json(environ: Mapping[str, Any]) -> bool:
    path = environ.get("PATH_INFO", "")
    return path.startswith("/api/") or path in {"/events", "/health", "/logout"}


def _method(environ: Mapping[str, Any]) -> str:
    return str(environ.get("REQUEST_METHOD", "GET"))


def _bearer(environ: Mapping[str, Any]) -> str | None:
    scheme, _, sent = environ.get("HTTP_AUTHORIZATION", "").partition(" ")
    return sent.strip() if scheme.lower() == "bearer" else None


def _form(environ: Mapping[str, Any]) -> str:
    """Return the body of a short form, else nothing: a token is never long."""
    length = environ.get("CONTENT_LENGTH") or "0"
    is_form = environ.get("CONTENT_TYPE", "").startswith("application/x-www-form-urlencoded")
    if not is_form or not length.isdecimal() or int(length) > _LONGEST_FORM:
        return ""
    content: bytes = environ["wsgi.input"].read(int(length))
    return content.decode("latin-1")


def _first(query: str, name: str) -> str:
    try:
        return parse_qs(query, max_num_fields=20).get(name, [""])[0]
    except ValueError:  # so many fields that it is no query of ours
        return ""


def _raw(text: str) -> bytes:
    """Return the bytes behind a text of the environ, which holds them as latin-1."""
    return text.encode("latin-1", errors="replace")


def _digest(text: str) -> str:
    return sha256(text.encode(errors="replace")).hexdigest()
