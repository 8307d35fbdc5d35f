"""Who a request says it is for and where it comes from: Host and Origin, strictly read."""

import re
from collections.abc import Iterable
from ipaddress import ip_address
from typing import NamedTuple

_HOST = re.compile(r"(?:\[([0-9a-fA-F:.]{2,45})\]|([A-Za-z0-9._-]{1,253}))(?::([0-9]{1,5}))?")
_NAME = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)(?:\.(?!-)[a-z0-9_-]{1,63}(?<!-))*")
_PORTS = {"http": 80, "https": 443}
_LAST_PORT = 65535

# Names that mean "any address of this machine": browsers let every site reach them.
_ANY_ADDRESS = frozenset({"0.0.0.0", "::"})  # noqa: S104

# Top level domains that a person may well type; every name of two letters is one, too.
_TOP_LEVEL = frozenset(
    {"app", "arpa", "biz", "cloud", "com", "dev", "edu", "example", "gov", "home", "info", "int"}
    | {"internal", "invalid", "lan", "local", "mil", "net", "online", "org", "page", "site"}
    | {"test", "xyz"}
)
_SECOND_LEVEL = frozenset({"ac", "co", "com", "edu", "gov", "net", "org"})
_COUNTRY = 2
"""Letters of a country's domain."""


class Origin(NamedTuple):
    """Scheme, host and port: what must be equal for two URLs to be of one origin."""

    scheme: str
    host: str
    """In small letters; an IPv6 address without brackets, in its shortest form."""
    port: int


class TrustedHosts:
    """The names under which the dashboard answers; anything else may be a rebound DNS name."""

    def __init__(self, more: Iterable[str] = ()) -> None:
        self.exact = {"localhost", "127.0.0.1", "::1"}
        self.suffixes = [".localhost"]
        for name in more:
            self._add(name)

    def __contains__(self, host: str) -> bool:
        """Tell whether the parsed *host* is one of them."""
        return host in self.exact or any(
            host.endswith(suffix) or host == suffix[1:] for suffix in self.suffixes
        )

    def _add(self, name: str) -> None:
        host = _host_name(name.lower().removeprefix("."))
        if host is None or host in _ANY_ADDRESS:
            msg = f"trusted_hosts: {name!r} is no host name"
            raise ValueError(f"{msg}; give a name or address without scheme, port and wildcard")
        if _is_too_wide(name.lower(), host):
            msg = f"trusted_hosts: {name!r} would trust names that anybody can register"
            raise ValueError(f"{msg}; give the host itself, or '.yourdomain.tld'")
        if name.startswith("."):
            self.suffixes.append(f".{host}")
        else:
            self.exact.add(host)


def own_origin(scheme: str, host_header: str) -> Origin | None:
    """Return the origin that a request is for; None when *host_header* cannot be understood."""
    found = _HOST.fullmatch(host_header)
    if not found or scheme not in _PORTS:
        return None
    host = _address(found[1]) if found[1] else _host_name(found[2].lower())
    port = int(found[3]) if found[3] else _PORTS[scheme]
    return Origin(scheme, host, port) if host and 0 < port <= _LAST_PORT else None


def sent_origin(header: str) -> Origin | None:
    """Return what an ``Origin`` header says; None for ``null`` and all that is no origin."""
    scheme, separator, rest = header.partition("://")
    return own_origin(scheme.lower(), rest) if separator else None


def _host_name(text: str) -> str | None:
    address = _address(text.removeprefix("[").removesuffix("]"))
    return address or (text if _NAME.fullmatch(text) and not _is_number(text) else None)


def _is_number(text: str) -> bool:
    """Tell whether the name would be read as an IPv4 address of an odd form, such as 127.1."""
    last = text.rpartition(".")[2]
    return last.isdigit() or last.startswith("0x")


def _address(text: str) -> str | None:
    try:
        return str(ip_address(text))
    except ValueError:
        return None


def _is_too_wide(name: str, host: str) -> bool:
    labels = host.split(".")
    if _address(host) or host == "localhost":
        return False
    if len(labels) == 1:
        return name.startswith(".") or host in _TOP_LEVEL or len(host) <= _COUNTRY
    return labels[0] in _SECOND_LEVEL and len(labels[1]) == _COUNTRY and not labels[2:]
