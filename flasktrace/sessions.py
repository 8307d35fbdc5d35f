"""Sessions: a dict per client, kept in a signed cookie."""

import hashlib
from collections.abc import MutableMapping
from datetime import UTC, datetime
from typing import Any, NoReturn

from itsdangerous import BadSignature, URLSafeTimedSerializer
from werkzeug.datastructures import CallbackDict

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
        def on_update(changed: Any) -> None:
            changed.modified = True

        super().__init__(initial, on_update)


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
        made: NullSession = self.null_session_class()
        return made

    def is_null_session(self, obj: object) -> bool:
        """Tell whether *obj* is such a stand-in, which is not saved."""
        return isinstance(obj, self.null_session_class)

    def get_cookie_name(self, app: Any) -> str:
        """Return ``SESSION_COOKIE_NAME``."""
        name: str = app.config["SESSION_COOKIE_NAME"]
        return name

    def get_cookie_domain(self, app: Any) -> str | None:
        """Return ``SESSION_COOKIE_DOMAIN``; None keeps the cookie to the very host."""
        domain: str | None = app.config["SESSION_COOKIE_DOMAIN"]
        return domain

    def get_cookie_path(self, app: Any) -> str:
        """Return ``SESSION_COOKIE_PATH`` or else ``APPLICATION_ROOT``."""
        path: str = app.config["SESSION_COOKIE_PATH"] or app.config["APPLICATION_ROOT"]
        return path

    def get_cookie_httponly(self, app: Any) -> bool:
        """Return ``SESSION_COOKIE_HTTPONLY``."""
        return bool(app.config["SESSION_COOKIE_HTTPONLY"])

    def get_cookie_secure(self, app: Any) -> bool:
        """Return ``SESSION_COOKIE_SECURE``."""
        return bool(app.config["SESSION_COOKIE_SECURE"])

    def get_cookie_samesite(self, app: Any) -> str | None:
        """Return ``SESSION_COOKIE_SAMESITE``."""
        samesite: str | None = app.config["SESSION_COOKIE_SAMESITE"]
        return samesite

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
        """Return what signs and checks the cookie; None when the app has no secret key."""
        if not app.secret_key:
            return None
        keys = [*(app.config["SECRET_KEY_FALLBACKS"] or ()), app.secret_key]
        how = {"digest_method": self.digest_method, "key_derivation": self.key_derivation}
        # Of the keys the last one signs, every one may check.
        return URLSafeTimedSerializer(
            keys, serializer=self.serializer, salt=self.salt, signer_kwargs=how
        )

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
        if session.accessed:
            response.vary.add("Cookie")
        place: dict[str, Any] = {
            "domain": self.get_cookie_domain(app),
            "path": self.get_cookie_path(app),
            "secure": self.get_cookie_secure(app),
            "partitioned": self.get_cookie_partitioned(app),
            "samesite": self.get_cookie_samesite(app),
            "httponly": self.get_cookie_httponly(app),
        }
        name = self.get_cookie_name(app)
        if not session:
            if session.modified:
                response.delete_cookie(name, **place)
                response.vary.add("Cookie")
            return
        signer = self.get_signing_serializer(app)
        if signer is None or not self.should_set_cookie(app, session):
            return
        end = self.get_expiration_time(app, session)
        response.set_cookie(name, signer.dumps(dict(session)), expires=end, **place)
        response.vary.add("Cookie")
