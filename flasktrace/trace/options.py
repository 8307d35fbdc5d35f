"""The options of a tracer: from arguments, the app's configuration, or the environment."""

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Self

DEFAULT_PATH = "/_trace"
_TRUE = {"1", "true", "yes", "on"}
_FALSE = {"", "0", "false", "no", "off"}


class OptionError(ValueError):
    """An option has a value that it cannot have."""

    def __init__(self, name: str, value: object, remedy: str) -> None:
        self.name = name
        self.value = value
        self.remedy = remedy
        super().__init__(f"{name}={value!r} will not do: {remedy}.")


@dataclass(frozen=True, slots=True)
class Options:
    """What a tracer was told, see the README.

    Each is also ``app.config["FLASKTRACE_…"]`` and the environment variable ``FLASKTRACE_…``;
    arguments win over the configuration, the configuration over the environment.
    """

    store: str | None = None
    """URL of the store; None is the default, a file below the working folder."""
    path: str = DEFAULT_PATH
    """Where the dashboard is mounted."""
    enabled: bool | None = None
    """Whether to record; None is: in debug mode."""
    dashboard: bool | None = None
    """Whether to serve the dashboard; None: when recording, in debug mode or with a token."""
    token: str | None = None
    """What programs sign in with; also lets the dashboard be served outside debug mode."""
    trusted_hosts: tuple[str, ...] = ()
    """Hosts that the dashboard may be asked under, beside this machine's own names."""
    exclude: tuple[str, ...] = ()
    """Globs of paths that are not recorded."""
    sample: float = 1.0
    """Share of the requests that are recorded, 0 to 1."""
    limits: Mapping[str, int] = field(default_factory=dict)
    """Changed limits of a trace, see `flasktrace.trace.record.limits.Limits`."""
    redact: tuple[str, ...] = ()
    """More names whose values are secret."""
    capture_body: bool = False
    """Whether to keep the beginning of request and response bodies."""
    response_headers: bool = False
    """Whether to add ``X-Flasktrace-Id`` to each response."""
    editor: str = ""
    """Where the dashboard's links to source lead: ``vscode://file/{path}:{line}``."""
    collectors: tuple[Any, ...] = ("logs", "sql")
    """What else is told of: names, or collectors of your own, see ``docs/collectors.md``."""
    replay: str = ""
    """Whether the dashboard may send a request again: ``1`` for GET and HEAD, ``all`` for all."""

    @classmethod
    def of(cls, given: Mapping[str, Any], config: Mapping[str, Any]) -> Self:
        """Return the options; TypeError for one there is not, `OptionError` for a bad value."""
        names = [item.name for item in fields(cls)]
        for name in given:
            if name not in names:
                raise TypeError(f"There is no option {name!r}; there are {', '.join(names)}.")
        found: dict[str, Any] = {}
        for name in names:
            value = _value(name, given, config)
            if value is not None:
                found[name] = _READERS[name](name, value)
        return cls(**found)


def _value(name: str, given: Mapping[str, Any], config: Mapping[str, Any]) -> Any:
    key = f"FLASKTRACE_{name.upper()}"
    for value in (given.get(name), config.get(key), os.environ.get(key)):
        if value is not None:
            return value
    return None


def _text(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise OptionError(name, value, "give text")
    return value


def _flag(name: str, value: Any) -> bool:
    if isinstance(value, bool):
        return value
    word = str(value).strip().lower()
    if word not in _TRUE | _FALSE:
        raise OptionError(name, value, "say 1 or 0")
    return word in _TRUE


def _path(name: str, value: Any) -> str:
    text = _text(name, value).rstrip("/")
    if not text.startswith("/") or set(text) & set("<>?# %"):
        raise OptionError(name, value, "it must be a plain path such as '/_trace'")
    return text


def _names(name: str, value: Any) -> tuple[str, ...]:
    if isinstance(value, str):
        value = [part.strip() for part in value.split(",") if part.strip()]
    if not isinstance(value, Iterable) or not all(isinstance(part, str) for part in value):
        raise OptionError(name, value, "give a list of texts, or one text with commas")
    return tuple(value)


def _share(name: str, value: Any) -> float:
    try:
        share = float(value)
    except (TypeError, ValueError):
        share = -1.0
    if not 0.0 <= share <= 1.0:
        raise OptionError(name, value, "give a number from 0 to 1")
    return share


def _limits(name: str, value: Any) -> Mapping[str, int]:
    if isinstance(value, str):
        pairs = [part.partition("=") for part in value.split(",") if part.strip()]
        try:
            value = {key.strip(): int(number) for key, _, number in pairs}
        except ValueError:
            raise OptionError(name, value, "write it as 'value=200,spans=500'") from None
    if not isinstance(value, Mapping):
        raise OptionError(name, value, "give a dict of limits")
    return value


def _editor(name: str, value: Any) -> str:
    text = _text(name, value)
    if text:
        from flasktrace.trace.show.editor import Editor

        try:
            Editor(text)
        except ValueError:
            remedy = "write an address such as 'vscode://file/{path}:{line}'"
            raise OptionError(name, value, remedy) from None
    return text


def _replay(name: str, value: Any) -> str:
    if str(value).strip().lower() == "all":
        return "all"
    return "safe" if _flag(name, value) else ""


def _collectors(name: str, value: Any) -> tuple[Any, ...]:
    from flasktrace.trace.record.collectors.collector import REMEDY, chosen

    if isinstance(value, str):
        value = [part.strip() for part in value.split(",") if part.strip()]
    try:
        chosen(value)
    except ValueError as error:
        raise OptionError(name, error.args[0], REMEDY) from None
    except TypeError:
        raise OptionError(name, value, REMEDY) from None
    return tuple(value)


_READERS: dict[str, Callable[[str, Any], Any]] = {
    "store": _text,
    "path": _path,
    "enabled": _flag,
    "dashboard": _flag,
    "token": _text,
    "trusted_hosts": _names,
    "exclude": _names,
    "sample": _share,
    "limits": _limits,
    "redact": _names,
    "capture_body": _flag,
    "response_headers": _flag,
    "editor": _editor,
    "collectors": _collectors,
    "replay": _replay,
}
