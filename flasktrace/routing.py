"""The url map of an app: werkzeug's, which remembers what it need not find out again."""

from functools import lru_cache
from typing import Any

from werkzeug.routing import Map as WerkzeugMap
from werkzeug.routing import MapAdapter, Rule, RuleFactory
from werkzeug.wrappers import Request
from werkzeug.wsgi import get_host

_LONGEST_HOST = 255  # longer ones are not worth their place in the cache
_EMPTY = WerkzeugMap()


class Map(WerkzeugMap):
    """A url map that remembers which rule answered a path, for rules without arguments."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        #: What `match` found; replaced by an empty one whenever a rule is added.
        self.known: dict[tuple[str | None, str, str, bool], Rule] = {}
        super().__init__(*args, **kwargs)

    def add(self, rulefactory: RuleFactory) -> None:
        """Add a rule, which may answer a path that another one answered until now."""
        super().add(rulefactory)
        self.known = {}


def match(adapter: MapAdapter) -> tuple[Rule, Any]:
    """Return rule and values for what *adapter* is bound to; what ``adapter.match`` raises.

    Of a rule without arguments, the answer depends on nothing but the rules and the key below: no
    converter takes part in it.
    """
    rules: Any = adapter.map
    if type(rules) is not Map or type(adapter) is not MapAdapter or rules.host_matching:
        return adapter.match(return_rule=True)
    known, method = rules.known, adapter.default_method
    key = adapter.subdomain, adapter.path_info, method, adapter.websocket
    rule = known.get(key)
    if rule is not None and rule.methods is not None and method in rule.methods:
        return rule, {}
    rule, values = adapter.match(return_rule=True)
    if adapter.subdomain is not None and _is_lasting(rule, adapter.path_info, method):
        known[key] = rule  # in the dict from before the match: a rule added meanwhile drops it
    return rule, values


def _is_lasting(rule: Rule, path: str, method: str) -> bool:
    """Tell whether *rule* always answers *path*, and only a few paths and methods like it.

    An alias may become a redirect, and any number of slashes may begin a path.
    """
    if rule.arguments or rule.alias or rule.methods is None:
        return False
    return method in rule.methods and path[:1] == "/" and path[:2] != "//"


def bind(rules: Any, request: Request, server_name: str | None) -> MapAdapter | None:
    """Do what ``rules.bind_to_environ`` does, for a usual request; None for any other.

    Usual is: no subdomains, no hosts to be checked, a host in the request, and text in ASCII.
    """
    environ = request.environ
    host, path = environ.get("HTTP_HOST"), environ.get("PATH_INFO")
    script, query = environ.get("SCRIPT_NAME"), environ.get("QUERY_STRING")
    if (
        type(rules) is not Map
        or request.trusted_hosts is not None
        or "HTTP_UPGRADE" in environ
        or host is None
        or len(host) > _LONGEST_HOST
        or path is None
        or script is None
        or query is None
        or not (path.isascii() and script.isascii() and query.isascii())
    ):
        return None
    scheme = environ["wsgi.url_scheme"]
    request.host, name = _hosts(scheme, host, server_name)
    method, subdomain = environ["REQUEST_METHOD"], rules.default_subdomain or ""
    return MapAdapter(rules, name, script, subdomain, scheme, path, method, query)


@lru_cache(128)
def _hosts(scheme: str, header: str, server_name: str | None) -> tuple[str, str]:
    """Return the host that was asked for, and the name that urls are built with."""
    environ = {"wsgi.url_scheme": scheme, "HTTP_HOST": header, "REQUEST_METHOD": "GET"}
    return get_host(environ), _EMPTY.bind_to_environ(environ, server_name, "").server_name
