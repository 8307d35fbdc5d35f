"""What ``run`` gets for TLS: a certificate and its key."""

import ssl
from pathlib import Path
from typing import Any

import click


def ssl_context(cert: str | None, key: str | None) -> Any:
    """Return what a server takes for TLS: a pair of files, ``adhoc``, a context; None for none.

    Raises `click.BadParameter`.
    """
    if cert is None:
        if key is not None:
            raise click.BadParameter(
                "give the certificate too, as --cert FILE.", param_hint="--key"
            )
        return None
    if cert == "adhoc":
        _needs_no_key(key, "adhoc makes a key of its own")
        try:
            import cryptography  # noqa: F401
        except ImportError:
            message = "adhoc needs the package cryptography; pip install cryptography."
            raise click.BadParameter(message, param_hint="--cert") from None
        return cert
    if Path(cert).is_file():
        return _files(cert, key)
    _needs_no_key(key, "a context has its key in it")
    return _imported(cert)


def _files(cert: str, key: str | None) -> tuple[str, str]:
    if key is None:
        message = f"the certificate {cert!r} needs --key FILE."
        raise click.BadParameter(message, param_hint="--cert")
    if not Path(key).is_file():
        raise click.BadParameter(f"there is no file {key!r}.", param_hint="--key")
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(cert, key)
    except (ssl.SSLError, OSError) as error:
        message = f"{cert!r} and {key!r} are no certificate with its key: {error}"
        raise click.BadParameter(message, param_hint="--cert") from None
    return cert, key


def _needs_no_key(key: str | None, why: str) -> None:
    if key is not None:
        raise click.BadParameter(f"leave {key!r} out: {why}.", param_hint="--key")


def _imported(name: str) -> ssl.SSLContext:
    from werkzeug.utils import import_string

    found = import_string(name, silent=True) if "." in name or ":" in name else None
    if not isinstance(found, ssl.SSLContext):
        message = f"{name!r} is no file, not 'adhoc', and no name of an ssl.SSLContext."
        raise click.BadParameter(message, param_hint="--cert")
    return found
