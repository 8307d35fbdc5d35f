"""Sessions: a dict per client, kept in a signed cookie."""

import hashlib
from collections.abc import MutableMapping
from datetime import UTC, datetime
from functools import cached_property, lru_cache, partial
from operator import methodcaller
from typing import Any, NoReturn

from itsdangerous import BadSignature, Signer, TimestampSigner, URLSafeTimedSerializer
from werkzeug.datastructures import CallbackDict, Headers

from flasktrace.json.tag import TaggedJSONSerializer
from flasktrace.wrappers import Request, Response


class SessionMixin(MutableMapping[str, Any]):
    """What a session has beside its keys."""

    #: Whether it was made in this request.
    new = False
    #: Whether it must be saved; True when a session cannot tell.
    modified = True
    #: Whether anybody asked for it in this request; the context sets it.
    accessed = False

    @property
    def permanent(self) -> bool:
        """Whether it outlives the browser, by ``PERMANENT_SESSION_LIFETIME``."""
        return bool(self.get("_permanent", False))

    @permanent.setter
    def permanent(self, value: bool) -> None:
        self["_permanent"] = bool(value)


class SecureCookieSession(CallbackDict[str, Any], SessionMixin):
    """A session that knows whether it was changed."""

    modified = False

    def __init__(self, initial: Any = None) -> None:
        if initial is None:
            self.on_update = _mark  # all that the classes above would do, for each request
        else:
            super().__init__(initial, _mark)


def _mark(changed: Any) -> None:
    changed.modified = True


class NullSession(SecureCookieSession):
    """The session of an app without a secret key: it can be read, not written."""

    def _fail(self, *_args: Any, **_kwargs: Any) -> NoReturn:
        message = (
            "The session cannot be written because the app has no secret key. "
            "Set app.secret_key to random bytes that nobody else knows, for example "
            "what 'python -c \"import secrets; print(secrets.token_hex())\"' prints."
        )
        raise RuntimeError(message)

    __setitem__ = __delitem__ = clear = pop = popitem = update = setdefault = _fail


class SessionInterface:
    """How an app opens and saves sessions; a subclass gives the two."""

    null_session_class: type = NullSession
    #: Whether sessions are pickled; extensions ask.
    pickle_based = False

    def open_session(self, app: Any, request: Request) -> SessionMixin | None:
        """Return the session of *request*; None when it cannot be opened."""
        raise NotImplementedError

    def save_session(self, app: Any, session: SessionMixin, response: Response) -> None:
        """Put what the session needs into *response*."""
        raise NotImplementedError

    def make_null_session(self, app: Any) -> NullSession:  # noqa: ARG002
        """Return the session that stands in when `open_session` gives None."""
        return self.null_session_class()  # type: ignore[no-any-return]

    def is_null_session(self, obj: object) -> bool:
        """Tell whether *obj* is such a stand-in, which is not saved."""
        return isinstance(obj, self.null_session_class)

    def get_cookie_name(self, app: Any) -> str:
        """Return ``SESSION_COOKIE_NAME``."""
        return app.config["SESSION_COOKIE_NAME"]  # type: ignore[no-any-return]

    def get_cookie_domain(self, app: Any) -> str | None:
        """Return ``SESSION_COOKIE_DOMAIN``; None keeps the cookie to the very host."""
        return app.config["SESSION_COOKIE_DOMAIN"]  # type: ignore[no-any-return]

    def get_cookie_path(self, app: Any) -> str:
        """Return ``SESSION_COOKIE_PATH`` or else ``APPLICATION_ROOT``."""
        return app.config["SESSION_COOKIE_PATH"] or app.config["APPLICATION_ROOT"]  # type: ignore[no-any-return]

    def get_cookie_httponly(self, app: Any) -> bool:
        """Return ``SESSION_COOKIE_HTTPONLY``."""
        return bool(app.config["SESSION_COOKIE_HTTPONLY"])

    def get_cookie_secure(self, app: Any) -> bool:
        """Return ``SESSION_COOKIE_SECURE``."""
        return bool(app.config["SESSION_COOKIE_SECURE"])

    def get_cookie_samesite(self, app: Any) -> str | None:
        """Return ``SESSION_COOKIE_SAMESITE``."""
        return app.config["SESSION_COOKIE_SAMESITE"]  # type: ignore[no-any-return]

    def get_cookie_partitioned(self, app: Any) -> bool:
        """Return ``SESSION_COOKIE_PARTITIONED``."""
        return bool(app.config["SESSION_COOKIE_PARTITIONED"])

    def get_expiration_time(self, app: Any, session: SessionMixin) -> datetime | None:
        """Return when the cookie ends; None with the browser."""
        if not session.permanent:
            return None
        end: datetime = datetime.now(UTC) + app.permanent_session_lifetime
        return end

    def should_set_cookie(self, app: Any, session: SessionMixin) -> bool:
        """Tell whether the response needs the cookie."""
        refresh = session.permanent and app.config["SESSION_REFRESH_EACH_REQUEST"]
        return session.modified or bool(refresh)


session_json_serializer = TaggedJSONSerializer()
"""Writes and reads the cookie: JSON with tags."""


class SecureCookieSessionInterface(SessionInterface):
    """The session is the cookie: tagged JSON, signed with the app's secret key."""

    salt = "cookie-session"
    key_derivation = "hmac"
    digest_method = staticmethod(hashlib.sha1)
    serializer = session_json_serializer
    session_class = SecureCookieSession

    def get_signing_serializer(self, app: Any) -> URLSafeTimedSerializer | None:
        """Return what signs and checks the cookie; None when the app has no secret key.

        It is the same each time while nothing is configured otherwise, so leave it as it is.
        """
        key = app.secret_key
        if not key:
            return None
        # Of the keys the last one signs, every one may check.
        keys = (*(app.config["SECRET_KEY_FALLBACKS"] or ()), key)
        how = self.serializer, self.salt, self.key_derivation, self.digest_method
        try:
            return _kept_serializer(keys, *how)
        except TypeError:  # a key such as a bytearray, which cannot be looked up
            return _serializer(URLSafeTimedSerializer, TimestampSigner, keys, *how)

    def open_session(self, app: Any, request: Request) -> SecureCookieSession | None:
        """Return what the cookie holds; an empty session when it is missing, forged or old."""
        signer = self.get_signing_serializer(app)
        if signer is None:
            return None
        cookie = request.cookies.get(self.get_cookie_name(app))
        if not cookie:
            return self.session_class()
        try:
            age = int(app.permanent_session_lifetime.total_seconds())
            return self.session_class(signer.loads(cookie, max_age=age))
        except BadSignature:
            return self.session_class()

    def save_session(self, app: Any, session: SessionMixin, response: Response) -> None:
        """Set, refresh or delete the cookie, and say that the answer depends on it."""
        accessed = session.accessed
        if accessed:
            _vary_by_cookie(response)
        if not session:
            if session.modified:
                response.delete_cookie(self.get_cookie_name(app), **self._place(app))
                _vary_by_cookie(response)
            return
        if not self.should_set_cookie(app, session):
            return
        signer = self.get_signing_serializer(app)
        if signer is None:
            return
        end, text = self.get_expiration_time(app, session), signer.dumps(dict(session))
        response.set_cookie(self.get_cookie_name(app), text, expires=end, **self._place(app))
        if not accessed:
            _vary_by_cookie(response)

    def _place(self, app: Any) -> dict[str, Any]:
        """Return where the cookie belongs, and who may see it."""
        return {
            "domain": self.get_cookie_domain(app),
            "path": self.get_cookie_path(app),
            "secure": self.get_cookie_secure(app),
            "partitioned": self.get_cookie_partitioned(app),
            "samesite": self.get_cookie_samesite(app),
            "httponly": self.get_cookie_httponly(app),
        }


def _vary_by_cookie(response: Response) -> None:
    headers = response.headers
    if type(headers) is Headers and "vary" not in map(_lower, dict(headers.to_wsgi_list())):
        headers.add("Vary", "Cookie")  # the usual case; werkzeug would search twice
        return
    there = headers.get("Vary")
    if there is None:
        headers["Vary"] = "Cookie"
    elif there != "Cookie":
        response.vary.add("Cookie")


_lower = methodcaller("lower")


class _Signer(TimestampSigner):
    """Derives the key from a secret once."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._derived: dict[Any, bytes] = {}

    def derive_key(self, secret_key: str | bytes | None = None) -> bytes:
        """Return the key to sign with."""
        known = self._derived.get(secret_key)
        if known is None:
            known = self._derived[secret_key] = super().derive_key(secret_key)
        return known


class _Serializer(URLSafeTimedSerializer):
    """Makes its signer once."""

    def make_signer(self, salt: str | bytes | None = None) -> Signer:
        """Return a signer; for a salt of the caller's a new one."""
        return self._usual if salt is None or salt == self.salt else super().make_signer(salt)

    @cached_property
    def _usual(self) -> Signer:
        return super().make_signer()


def _serializer(
    kind: type[URLSafeTimedSerializer],
    signer: type[TimestampSigner],
    keys: tuple[Any, ...],
    serializer: Any,
    salt: Any,
    derivation: str,
    digest: Any,
) -> URLSafeTimedSerializer:
    how = {"digest_method": digest, "key_derivation": derivation}
    return kind(keys, serializer=serializer, salt=salt, signer=signer, signer_kwargs=how)


_kept_serializer = lru_cache(32)(partial(_serializer, _Serializer, _Signer))
