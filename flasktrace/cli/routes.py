"""The command ``routes``: the url rules of an app."""

from typing import Any

import click

from flasktrace.cli.printing import print_json
from flasktrace.commands import app_at_hand, with_appcontext


@click.command("routes")
@click.option(
    "--sort",
    "-s",
    type=click.Choice(("endpoint", "methods", "domain", "rule", "match")),
    default="endpoint",
    show_default=True,
    help="'match' is the order in which the rules are tried.",
)
@click.option("--all-methods", is_flag=True, help="Show HEAD and OPTIONS too.")
@click.option("--json", "as_json", is_flag=True, help="Print the rules as JSON.")
@with_appcontext
def routes_command(sort: str, all_methods: bool, as_json: bool) -> None:
    """List the url rules of the app.

    \b
    flasktrace --app shop routes
    flasktrace --app shop routes --sort match

    Exit codes: 0, 1 when it is no Flask app, 2 when there is no app or for wrong usage.
    """  # noqa: D301
    rules = app_at_hand().url_map
    hidden = set() if all_methods else {"HEAD", "OPTIONS"}
    rows = [
        {
            "endpoint": rule.endpoint,
            "methods": sorted((rule.methods or set()) - hidden),
            "domain": (rule.host if rules.host_matching else rule.subdomain) or "",
            "rule": rule.rule,
        }
        for rule in rules.iter_rules()
    ]
    if sort != "match":
        rows.sort(key=lambda row: (row[sort], row["endpoint"]))
    if as_json:
        print_json(rows)
    elif rows:
        _print_routes(rows)
    else:
        click.echo("The app has no url rules.")


def _print_routes(rows: list[dict[str, Any]]) -> None:
    titles = [name for name in rows[0] if name != "domain" or any(row["domain"] for row in rows)]
    table = [[title.capitalize() for title in titles]]
    table += [
        [", ".join(row[t]) if t == "methods" else str(row[t]) for t in titles] for row in rows
    ]
    widths = [max(len(line[column]) for line in table) for column in range(len(titles))]
    table.insert(1, ["-" * width for width in widths])
    for line in table:
        cells = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        click.echo("  ".join(cells).rstrip())
