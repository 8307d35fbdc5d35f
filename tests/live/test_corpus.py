"""Every text of a trace tries to become a part of the page, in Chromium; none does."""

from dataclasses import replace

import pytest

from flasktrace.trace.show.export import export
from tests.cases import long
from tests.live.test_browser import one, wait
from tests.pictures.sites import quiet_shop, served
from tests.trace.samples import cart
from tests.trace.show.poison import CORPUS, poisoned, texts

INTRUDERS = """
const found = [...document.querySelectorAll(
  "main script, main style, main iframe, main img, main b, main math, main [autofocus], [srcdoc]")];
for (const item of document.querySelectorAll("*"))
  for (const each of item.attributes)
    if (/^on/i.test(each.name) ||
        (["href", "src", "xlink:href", "action"].includes(each.name) &&
         /^\\s*(javascript|data:text)/i.test(each.value))) found.push(item);
return found.map((item) => item.outerHTML.slice(0, 300));"""
PAGES = (
    "",
    "?q=text:alert",
    "{evil}",
    "{evil}?lane=scale&stage=preprocess&repeats=1&rows=all",
    "{odd}",
    "{evil}/compare/{plain}",
    "{plain}/compare/{odd}",
    "{evil}/compare/{odd}",
    "endpoints",
    "map",
    "running",
    "about",
)
"""Where a trace is seen; the names are those of three traces in the store."""


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("store")
    with served(
        "corpus", evil_app(), store=f"sqlite:///{folder}/traces.db", editor="x://{path}"
    ) as it:
        it.tracer.store.put([cart(), poisoned(whole=False), poisoned(whole=True)])
        yield it


def evil_app():
    """A shop with functions, endpoints and templates that have such names."""
    app = quiet_shop()
    for number, text in enumerate(CORPUS):

        def hook():
            return None

        hook.__name__ = hook.__qualname__ = text
        app.before_request(hook)
        app.add_url_rule(f"/evil/{number}", text.replace(".", ""), hook)
    return app


@pytest.fixture(scope="module")
def signed_in(site, start_browser):
    browser = start_browser()
    browser.get(site.link())
    yield browser
    browser.quit()


def test_every_text_is_an_attempt():
    made = texts(poisoned(whole=True))
    attempts = [text for text in made if any(text.startswith(part) for part in CORPUS)]

    assert len(attempts) > 120
    # The rest are keys of dicts, of which each has an attempt as a key, too, and what is fixed.
    assert len(made) - len(attempts) < 40


@long
@pytest.mark.parametrize("page", PAGES)
def test_no_text_of_a_trace_becomes_a_part_of_a_page(site, signed_in, page):
    names = {"evil": "f" * 32, "odd": "e" * 32, "plain": cart().id}
    signed_in.get_log("browser")
    signed_in.get(f"{site.address}/_trace/{page.format(**names)}")
    signed_in.execute_script(
        "for (const item of document.querySelectorAll('details')) item.open = 1"
    )

    assert signed_in.execute_script(INTRUDERS) == []
    if page not in {"running", "about"}:
        assert "alert(" in one(signed_in, "main").get_attribute("textContent")
    assert signed_in.get_log("browser") == []


@long
@pytest.mark.parametrize("whole", [False, True])
def test_no_text_of_a_trace_becomes_a_part_of_the_file_to_send(signed_in, tmp_path, whole):
    file = tmp_path / "trace.html"
    file.write_text(export(poisoned(whole=whole), "html"), "utf-8", "backslashreplace")
    signed_in.get_log("browser")
    signed_in.get(file.as_uri())

    assert signed_in.execute_script(INTRUDERS) == []
    assert "alert(" in one(signed_in, "main").text
    assert signed_in.get_log("browser") == []


def test_a_row_that_comes_live_is_only_text(site, signed_in):
    signed_in.get(f"{site.address}/_trace/")
    wait(lambda: "Live" in one(signed_in, "[data-live]").text)
    site.tracer.store.put([replace(poisoned(whole=True), id="d" * 32)])
    wait(lambda: signed_in.find_elements("css selector", f"[data-id='{'d' * 32}']"))

    assert signed_in.execute_script(INTRUDERS) == []
    assert signed_in.get_log("browser") == []
