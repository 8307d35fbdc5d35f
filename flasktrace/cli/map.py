"""The command ``map``: what an app will do for each endpoint, before any request came."""

from collections.abc import Iterator
from typing import Any

import click

from flasktrace.cli.options import app_of
from flasktrace.cli.printing import print_json
from flasktrace.commands import ScriptInfo, pass_script_info


@click.command("map")
@click.argument("target", metavar="[MODULE:APP]", required=False)
@click.option("--endpoint", metavar="GLOB", default="*", help="Only the endpoints of such a name.")
@click.option("--json", "as_json", is_flag=True, help="Print the map as JSON.")
@pass_script_info
def map_command(info: ScriptInfo, target: str | None, endpoint: str, as_json: bool) -> None:
    """Show what will run for each endpoint, in that order.

    Hooks, view, error handlers and templates; nothing of the app is called.

    \b
    flasktrace map shop:app
    flasktrace map shop:app --endpoint 'api.*' --json

    Exit codes: 0, 1 when there is no such app or it is no Flask app, 2 for wrong usage.
    """  # noqa: D301
    from fnmatch import fnmatchcase

    from flasktrace.trace.record.map import describe_map

    app = app_of(info, target)
    found = describe_map(app)
    if not found and not hasattr(app, "url_map"):
        message = f"{target or app!r} is no Flask app; of another WSGI app nothing is known."
        raise click.ClickException(message)
    found = [item for item in found if fnmatchcase(item["endpoint"], endpoint)]
    if as_json:
        print_json(found)
        return
    if not found:
        click.echo(f"No endpoint has a name like {endpoint!r}; see flasktrace routes.", err=True)
    from flasktrace.trace.show.sanitize import clean

    for number, item in enumerate(found):
        if number:
            click.echo()
        for line in _lines(item):
            click.echo(clean(line))


def _lines(item: dict[str, Any]) -> Iterator[str]:
    for rule in item["rules"]:
        methods = "" if rule["methods"] is None else ", ".join(rule["methods"])
        yield f"{rule['rule']}  {methods}".rstrip()
    yield f"  endpoint {item['endpoint']}"
    width = max((len(step["kind"]) for step in item["steps"]), default=0)
    for step in item["steps"]:
        scope = f"  of blueprint {step['scope']}" if step["scope"] else ""
        yield f"  {step['kind']:{width}}  {step['place']}{scope}"
        for function in step.get("functions", ()):
            yield f"  {'':{width}}    {function['place']}"
    for handler in item["handlers"]:
        yield f"  on {handler['for']}: {handler['place']}"
    if item["templates"]:
        yield f"  templates {', '.join(item['templates'])}"
