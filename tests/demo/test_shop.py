"""The example shop: each page, the login, the cart, the errors, and the visitor."""

import csv
import gc
import io
import re
import threading
from functools import partial
from pathlib import Path

import pytest
from werkzeug.serving import WSGIRequestHandler, make_server

from flasktrace import g, session
from flasktrace.demo import shop, traffic


@pytest.fixture
def app(tmp_path, monkeypatch):
    # A hash that is cheap to check: a real one takes most of a test's time.
    cheap = partial(shop.generate_password_hash, method="pbkdf2:sha256:1")
    monkeypatch.setattr(shop, "generate_password_hash", cheap)
    return shop.create_app(str(tmp_path / "shop.db"))


@pytest.fixture
def client(app):
    return app.test_client()


@pytest.fixture
def ada(client):
    client.post("/login", data={"name": "ada", "password": "lovelace"})
    return client


@pytest.fixture
def server(app):
    seen = []

    def counted(environ, start_response):
        def start(status, headers, exc_info=None):
            seen.append((environ["REQUEST_METHOD"], environ["PATH_INFO"], int(status[:3])))
            return start_response(status, headers, exc_info)

        return app(environ, start)

    server = make_server("127.0.0.1", 0, counted, threaded=True, request_handler=Quiet)
    server.seen = seen
    server.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=[0.02])
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


class Quiet(WSGIRequestHandler):
    def log(self, *args):
        pass


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("/", 200, "Punched cards"),
        ("/products/3", 200, "Logarithm tables"),
        ("/products/99", 404, "There is no product 99."),
        ("/product/3", 404, "Not found"),
        ("/login", 200, "lovelace"),
        ("/about/", 200, "A shop made to be watched."),
        ("/report", 200, "All shelves"),
        ("/static/shop.css", 200, "color-scheme"),
        ("/api/products", 200, "Logarithm tables"),
        ("/export.csv", 200, "Logarithm tables"),
    ],
)
def test_page_is_open_to_everybody(client, path, status, words):
    with client.get(path) as response:
        assert response.status_code == status
        assert words in response.text


@pytest.mark.parametrize("path", ["/account", "/cart"])
def test_private_page_needs_a_login_and_comes_back_to_itself(client, path):
    early = client.get(path)
    logged_in = client.post("/login", data={"name": "ada", "password": "lovelace"})

    assert (early.status_code, early.location) == (302, "/login")
    assert (logged_in.status_code, logged_in.location) == (303, path)
    assert client.get(path).status_code == 200


def test_public_path_that_begins_like_a_private_one_needs_no_login(client):
    assert client.get("/cartography").status_code == 404


def test_adding_to_the_cart_without_login_leads_to_the_cart_after_it(client):
    early = client.post("/cart/add", data={"product": "3"})
    logged_in = client.post("/login", data={"name": "ada", "password": "lovelace"})

    assert early.location == "/login"
    assert logged_in.location == "/cart"


@pytest.mark.parametrize("form", [{"name": "ada", "password": "byron"}, {"name": "nobody"}, {}])
def test_wrong_login_stays_outside(client, form):
    response = client.post("/login", data=form)

    assert response.status_code == 401
    assert "do not go together" in response.text
    assert client.get("/account").status_code == 302


def test_passwords_are_kept_as_hashes(app):
    with shop.closing(shop.connect(app.config["DATABASE"])) as db:
        [row] = db.execute("SELECT * FROM users").fetchall()

    assert row["name"] == "ada"
    assert "lovelace" not in row["password"]


def test_load_user_puts_the_user_into_g(client):
    with client:
        client.get("/")
        assert g.user is None

        client.post("/login", data={"name": "ada", "password": "lovelace"})
        assert session["user_id"] == 1

        client.get("/account")
        assert g.user == {"id": 1, "name": "ada"}


def test_user_who_is_gone_is_nobody(client, app):
    with client.session_transaction() as stored:
        stored["user_id"] = 77

    assert client.get("/account").location == "/login"


def test_logout_forgets_the_visitor(ada):
    response = ada.post("/logout")

    assert (response.status_code, response.location) == (303, "/")
    assert "See you soon." in ada.get("/").text
    assert ada.get("/account").location == "/login"


def test_cart_adds_up(ada):
    assert "Still empty." in ada.get("/cart").text

    ada.post("/cart/add", data={"product": "3", "quantity": "2"})
    ada.post("/cart/add", data={"product": "3", "quantity": "1"})
    added = ada.post("/cart/add", data={"product": "1"}, follow_redirects=True)

    assert added.request.path == "/cart"
    assert "Punched cards: 1 more in your cart." in added.text
    assert re.findall(r"£[\d.]+", added.text) == ["£12.50", "£57.00", "£69.50"]
    assert 'class="count">4<' in added.text


def test_cart_holds_no_more_than_the_most(ada):
    for _ in range(2):
        ada.post("/cart/add", data={"product": "3", "quantity": "60"})

    assert 'class="count">99<' in ada.get("/cart").text


def test_flashed_message_is_shown_once(ada):
    assert "Welcome back!" in ada.get("/").text
    assert "Welcome back!" not in ada.get("/").text


@pytest.mark.parametrize("quantity", ["two", "", "0", "-1", "100", "1.5", "²"])
def test_bad_quantity_is_a_400_by_the_error_handler(ada, quantity):
    response = ada.post("/cart/add", data={"product": "3", "quantity": quantity})

    assert response.status_code == 400
    assert "The quantity is a number from 1 to 99" in response.text


@pytest.mark.parametrize("product", ["", "99", "three"])
def test_unknown_product_in_the_form_is_a_400(ada, product):
    response = ada.post("/cart/add", data={"product": product})

    assert response.status_code == 400
    assert "There is no product" in response.text


def test_error_page_escapes_what_the_form_sent(ada):
    response = ada.post("/cart/add", data={"product": "3", "quantity": "<script>"})

    assert "<script>" not in response.text


def test_missing_slash_is_a_redirect(client):
    response = client.get("/about")

    assert response.status_code == 308
    assert response.location.endswith("/about/")


def test_wrong_method_is_a_405(client):
    response = client.post("/api/products")

    assert response.status_code == 405
    assert set(response.allow) == {"GET", "HEAD", "OPTIONS"}


def test_crash_is_a_500(client):
    assert client.get("/crash").status_code == 500


def test_crash_goes_through_in_tests_with_the_key_error_of_the_helper(app):
    app.testing = True

    with pytest.raises(KeyError, match="AQ") as caught:
        app.test_client().get("/crash")

    assert [entry.name for entry in caught.traceback][-3:] == [
        "crash",
        "shipping_cents",
        "shipping_zone",
    ]


def test_report_takes_its_time(client, monkeypatch):
    pauses = []
    monkeypatch.setattr(shop.time, "sleep", pauses.append)

    response = client.get("/report")

    worth = sum(cents * stock for _, _, _, cents, stock in shop.PRODUCTS)
    assert sum(pauses) == pytest.approx(0.14)
    assert f"£{worth / 100:,.2f}" in response.text


def test_export_is_streamed_line_by_line(client, monkeypatch):
    monkeypatch.setattr(shop.time, "sleep", lambda _: None)

    with client.get("/export.csv", buffered=False) as response:
        chunks = list(response.response)

    rows = list(csv.DictReader(io.StringIO(b"".join(chunks).decode(), newline="")))
    assert len(chunks) == 21
    assert response.mimetype == "text/csv"
    assert rows[13]["name"] == "Wool, four colours"


def test_api_tells_all_products(client):
    response = client.get("/api/products")

    assert response.json["products"][2]["name"] == "Logarithm tables"
    assert len(response.json["products"]) == len(shop.PRODUCTS)


def test_pages_made_for_a_user_are_not_cached(ada):
    with ada.get("/static/shop.css") as style:
        assert "no-store" not in style.headers.get("Cache-Control", "")

    assert ada.get("/").headers["Cache-Control"] == "private, no-store"


def test_session_cookie_does_not_travel_from_other_sites(client):
    response = client.post("/login", data={"name": "ada", "password": "lovelace"})

    assert "SameSite=Lax" in response.headers["Set-Cookie"]


def test_connection_is_opened_when_needed_and_closed_after_the_request(client):
    with client:
        client.get("/about/")
        opened_by_a_page_without_data = "db" in g
    with client:
        client.get("/")
        opened_after_the_request = "db" in g

    assert not opened_by_a_page_without_data
    assert not opened_after_the_request


def test_second_app_on_the_same_file_keeps_the_cart(ada, app):
    ada.post("/cart/add", data={"product": "3"})
    other = shop.create_app(app.config["DATABASE"]).test_client()
    other.post("/login", data={"name": "ada", "password": "lovelace"})

    assert "Logarithm tables" in other.get("/cart").text


def test_own_database_goes_with_the_app():
    app = shop.create_app()
    path = Path(app.config["DATABASE"])
    assert path.exists()

    del app
    gc.collect()

    assert not path.parent.exists()


def test_forked_worker_leaves_the_database_to_its_owner(tmp_path):
    shop.remove_own(str(tmp_path), owner=-1)

    assert tmp_path.exists()


def test_visitor_sees_every_kind_of_answer(server):
    sent = traffic.send(server.url)

    assert sent == len(server.seen) == 21
    assert server.seen == [
        ("GET", "/", 200),
        ("GET", "/static/shop.css", 200),
        ("GET", "/product/3", 404),
        ("GET", "/products/3", 200),
        ("GET", "/account", 302),
        ("GET", "/login", 200),
        ("POST", "/login", 303),
        ("GET", "/account", 200),
        ("POST", "/cart/add", 303),
        ("GET", "/cart", 200),
        ("POST", "/cart/add", 400),
        ("GET", "/about", 308),
        ("GET", "/about/", 200),
        ("GET", "/api/products", 200),
        ("POST", "/api/products", 405),
        ("GET", "/report", 200),
        ("GET", "/crash", 500),
        ("GET", "/export.csv", 200),
        ("GET", "/export.csv", 200),
        ("POST", "/logout", 303),
        ("GET", "/", 200),
    ]


def test_visitor_leaves_in_the_middle_of_a_download(monkeypatch):
    left = threading.Event()

    def endless():
        try:
            while not left.wait(0.001):
                yield b"more\n"
        finally:
            left.set()

    def app(_environ, start_response):
        start_response("200 OK", [("Content-Type", "text/plain")])
        return endless()

    monkeypatch.setattr(traffic, "VISIT", ((traffic.HANG_UP, "/", {}),))
    with make_server("127.0.0.1", 0, app, request_handler=Quiet) as server:
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        sent = traffic.send(f"http://127.0.0.1:{server.server_port}/")
        gone = left.wait(10)
        left.set()
        thread.join()

    assert sent == 1
    assert gone


def test_visitor_comes_again_as_somebody_new(server, monkeypatch):
    steps = (("GET", "/account", {}), ("POST", "/login", traffic.LOGIN))
    monkeypatch.setattr(traffic, "VISIT", steps)

    assert traffic.send(server.url, rounds=2) == 8
    assert server.seen[:4] == server.seen[4:]


def test_visitor_stops_when_told(server):
    stop = threading.Event()
    stop.set()

    assert traffic.send(server.url, rounds=3, pause=60, stop=stop) == 0


def test_visitor_does_not_mind_a_server_that_is_gone():
    with make_server("127.0.0.1", 0, lambda *_: []) as server:
        url = f"http://127.0.0.1:{server.server_port}"

    assert traffic.send(url, rounds=2) == 0


def test_visitor_asks_no_proxy(server, monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.setattr(traffic, "VISIT", (("GET", "/", {}),))

    assert traffic.send(server.url) == 1
