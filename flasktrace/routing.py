"""The url map of an app: werkzeug's, which remembers what it need not find out again."""

from functools import lru_cache
from operator import attrgetter, itemgetter
from typing import Any

from werkzeug.routing import Map as WerkzeugMap
from werkzeug.routing import MapAdapter, Rule, RuleFactory
from werkzeug.wrappers import Request
from werkzeug.wsgi import get_host

_LONGEST = 255  # longer hosts and roots are not worth their place in the cache
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
    known, key = rules.known, _key_of(adapter)
    rule = known.get(key)
    if rule is not None and key[2] in (rule.methods or ()):
        return rule, {}
    rule, values = adapter.match(return_rule=True)
    if adapter.subdomain is not None and _is_lasting(rule, adapter.path_info, key[2]):
        known[key] = rule  # in the dict from before the match: a rule added meanwhile drops it
    return rule, values


_key_of: Any = attrgetter("subdomain", "path_info", "default_method", "websocket")


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
    try:
        scheme, host, script, method, path, query = _bound_to(environ)
        if len(host + script) > _LONGEST or not (script + path + query).isascii():
            return None
    except (KeyError, TypeError):
        return None
    if (
        type(rules) is not _Bindable
        or request.trusted_hosts is not None
        or "HTTP_UPGRADE" in environ
    ):
        return None
    request.host, bound = _bound(scheme, host, script, server_name)
    adapter = _new_adapter(MapAdapter)
    adapter.__dict__.update(
        bound,
        map=rules,
        subdomain=rules.default_subdomain or "",
        path_info=path,
        default_method=method,
        query_args=query,
    )
    return adapter


_bound_to = itemgetter(
    *("wsgi.url_scheme", "HTTP_HOST", "SCRIPT_NAME"),
    *("REQUEST_METHOD", "PATH_INFO", "QUERY_STRING"),
)
_new_adapter = MapAdapter.__new__
_AGREES = vars(_EMPTY.bind("")).keys() == {
    *("map", "server_name", "script_name", "subdomain", "url_scheme", "path_info"),
    *("default_method", "query_args", "websocket"),
}
"""Whether an adapter of this werkzeug has the attributes that `bind` gives it."""
_Bindable = Map if _AGREES else None


@lru_cache(128)
def _bound(
    scheme: str, host: str, script_name: str, server_name: str | None
) -> tuple[str, dict[str, Any]]:
    """Return the host that was asked for, and what any adapter knows that is bound to it.

    As werkzeug makes it; the rest of what it knows is the map's and the request's.
    """
    environ = {
        "wsgi.url_scheme": scheme,
        "HTTP_HOST": host,
        "SCRIPT_NAME": script_name,
        "REQUEST_METHOD": "GET",
    }
    return get_host(environ), vars(_EMPTY.bind_to_environ(environ, server_name, ""))
