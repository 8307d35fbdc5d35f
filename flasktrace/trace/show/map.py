"""The map of an app: what will run for each endpoint, and what of it has ever run."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from flasktrace.trace.show.digest import CLOSELY, Digest
from flasktrace.trace.show.sanitize import clean

_SPOTS = ("steps", "handlers", "receivers")
_KINDS = {"handlers": "error_handler", "receivers": "receiver"}


def app_map(described: Sequence[Mapping[str, Any]], digest: Digest) -> dict[str, Any]:
    """Return what *described* tells of each endpoint, as clean data, with how often it has run.

    ``ran`` counts in the newest traces of the endpoint, of which there are ``traces``; None where
    no trace tells. A class of views has ``methods``, its functions.
    """
    summaries = digest.summaries()
    works = digest.works(summaries)
    ran: dict[str | None, Counter[tuple[str, str, str]]] = {}
    templates: dict[str | None, Counter[str]] = {}
    traces: Counter[str | None] = Counter()
    endpoint_of = {item.id: item.endpoint for item in summaries}
    for trace_id, each in works.items():
        endpoint = endpoint_of[trace_id]
        traces[endpoint] += 1
        ran.setdefault(endpoint, Counter()).update({(w.kind, w.name, w.file) for w in each})
        templates.setdefault(endpoint, Counter()).update(
            {work.name for work in each if work.kind == "template"}
        )
    return {
        "endpoints": [
            _endpoint(
                item,
                ran.get(item["endpoint"], Counter()),
                templates.get(item["endpoint"], Counter()),
                traces[item["endpoint"]],
            )
            for item in described
        ],
        "closely": CLOSELY,
        "never": sum(1 for item in described if not traces[item["endpoint"]]),
    }


def _endpoint(
    item: Mapping[str, Any],
    ran: Counter[tuple[str, str, str]],
    templates: Counter[str],
    traces: int,
) -> dict[str, Any]:
    told = {name: [_spot(spot, _KINDS.get(name), ran) for spot in item[name]] for name in _SPOTS}
    view = next((spot for spot in told["steps"] if spot["kind"] == "view"), None)
    return {
        "endpoint": clean(item["endpoint"]),
        "rules": [
            {"rule": clean(rule["rule"]), "methods": rule["methods"]} for rule in item["rules"]
        ],
        "view": view,
        **told,
        "templates": [
            {"name": clean(name), "ran": templates[name]}
            for name in dict.fromkeys((*item["templates"], *templates))
        ],
        "traces": traces,
    }


def _spot(
    spot: Mapping[str, Any], kind: str | None, ran: Counter[tuple[str, str, str]]
) -> dict[str, Any]:
    key = (kind or spot["kind"], spot["name"], spot["file"])
    plain = {
        name: clean(value) if isinstance(value, str) else value for name, value in spot.items()
    }
    if "method" in plain:  # it is called as any method is, which is no span
        return plain | {"kind": key[0], "ran": None}
    functions = spot.get("functions", ())
    plain.pop("functions", None)
    told = plain | {"kind": key[0], "ran": ran[key]}
    methods = _methods(spot["name"], functions, ran) if key[0] == "view" else []
    if methods:
        told["ran"] += sum(item["ran"] for item in methods)
        told["methods"] = methods
    return told


def _methods(
    name: str, functions: Sequence[Mapping[str, Any]], ran: Counter[tuple[str, str, str]]
) -> list[dict[str, Any]]:
    """Return the functions of a class of views, and how often each has run.

    Those that have run without being on the map are told, too, whatever their file: a function
    may be of a class above.
    """
    counts = Counter({str(item["name"]): 0 for item in functions})
    for (kind, function, _), count in ran.items():
        if kind == "view" and function.startswith(f"{name}."):
            counts[function] += count
    return [{"name": clean(function), "ran": counts[function]} for function in sorted(counts)]
