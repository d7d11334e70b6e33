"""The page in a real Chromium: live, by keyboard, accessible; and hostile input on its interface."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # the service's process and its hand-made messages
from test_resolver_service import BOUND_S, Resolver, Shopfront, wait_for

from tests.e2e.conftest import Mosquitto

CHROMIUM = next((path for path in ("/usr/bin/chromium", "/usr/bin/chromium-browser") if Path(path).exists()), None)
PASSWORD = "correct horse battery"
PICTURES = Path(os.environ.get("SHELF_TEST_PICTURES", "out/pictures"))
SWITCHES = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip

needs_chromium = pytest.mark.skipif(
    CHROMIUM is None, reason="no Chromium here: apt-get install chromium (make test does)"
)


@contextmanager
def opened(folder: Path) -> Iterator[tuple[Resolver, Shopfront]]:
    """A resolver with one who may decide, a case to decide and somebody inside."""
    mosquitto = Mosquitto(folder / "mosquitto")
    mosquitto.start()
    users = folder / "users"
    code = "import sys; from resolver.commands import main; sys.exit(main())"
    made = subprocess.run(
        [sys.executable, "-c", code, "password", "anna"], input=PASSWORD, text=True, capture_output=True, check=True
    )
    users.write_text(made.stdout)
    resolver = Resolver(folder, mosquitto.url)
    resolver.more = ["--users-file", str(users)]
    resolver.start()
    front = Shopfront(mosquitto.port)
    t = front.now()
    front.script.enter("s1", t - 5)
    candidates = [
        {"items": [{"sku": "cola", "qty": 2}], "probability": 0.6},
        {"items": [{"sku": "juice", "qty": 2}], "probability": 0.35},
    ]
    front.script.pick(t - 4, {"cola": 2}, confidence=0.6, candidates=candidates, told=t - 3.5)
    front.script.exit("s1", t - 3)
    front.send()
    front.watermark()
    assert front.receipt()[1]["data"]["state"] == "review"
    front.script.enter("s2", front.now())
    front.send()
    try:
        yield resolver, front
    finally:
        front.client.loop_stop()
        resolver.stop()
        mosquitto.stop()


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[tuple[Resolver, Shopfront]]:
    with opened(tmp_path) as there:
        yield there


@pytest.fixture(scope="module")
def standing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Resolver, Shopfront]]:
    """For tests that decide nothing."""
    with opened(tmp_path_factory.mktemp("shop")) as there:
        yield there


def ask(
    resolver: Resolver, path: str, body: Any = None, method: str | None = None, **headers: str
) -> tuple[int, Any, Any]:
    """Status, JSON and headers of a request."""
    data = None if body is None else json.dumps(body).encode()
    told = {"content-type": "application/json", **{name.replace("_", "-"): value for name, value in headers.items()}}
    request = urllib.request.Request(f"http://127.0.0.1:{resolver.port}{path}", data, told, method=method)
    try:
        with urllib.request.urlopen(request, timeout=BOUND_S) as answer:  # noqa: S310 # http only, see above
            return answer.status, json.loads(answer.read() or b"null"), answer.headers
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read() or b"null"), error.headers


def sign_in(resolver: Resolver) -> tuple[str, str]:
    """Cookie and CSRF token."""
    status, me, headers = ask(resolver, "/api/v1/login", {"user": "anna", "password": PASSWORD})
    assert status == 200
    cookie = headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    return cookie.split(";")[0], me["csrf"]


@pytest.mark.realtime  # half a second from the message to the page
@needs_chromium
def test_the_page_is_live_decided_by_keyboard_and_accessible(shop: tuple[Resolver, Shopfront]) -> None:
    from axe_playwright_python.sync_playwright import Axe
    from playwright.sync_api import sync_playwright

    resolver, front = shop
    PICTURES.mkdir(parents=True, exist_ok=True)
    problems: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=SWITCHES)
        for name, size, scheme in (("desktop", (1400, 1000), "dark"), ("phone", (390, 844), "light")):
            page = browser.new_page(viewport={"width": size[0], "height": size[1]}, color_scheme=scheme)  # type: ignore[arg-type]
            page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
            page.on("pageerror", lambda error: problems.append(str(error)))
            page.goto(f"http://127.0.0.1:{resolver.port}/")
            page.wait_for_selector("[data-state=live]")
            page.wait_for_selector("[data-case]" if name == "desktop" else "[data-receipt]")
            found = Axe().run(page).response["violations"]
            assert [entry["id"] for entry in found if entry["impact"] in ("serious", "critical")] == []
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "the page scrolls sideways"
            page.screenshot(path=str(PICTURES / f"{name}.png"), full_page=True)
            if name == "desktop":
                _live_within_half_a_second(page, front)
                _decide_by_keyboard(page, front)
        browser.close()
    assert problems == []


def _live_within_half_a_second(page: Any, front: Shopfront) -> None:
    page.evaluate(
        """() => { window.seenAt = null; new MutationObserver(() => {
            const shown = document.querySelector('#plate-P1')?.textContent ?? '';
            if (!window.seenAt && shown.includes('4.321 kg')) window.seenAt = Date.now();
        }).observe(document.body, {childList: true, subtree: true, characterData: true}); }"""
    )
    state = {
        "weight_g": 4321.0,
        "stable": True,
        "contents": {"cola": 6},
        "quality": [],
        "time": front.script.at(front.now()),
    }
    sent_ms = time.time() * 1000
    front.client.publish("shelf/v1/demo/agents/a1/plates/P1", json.dumps(state), retain=True)
    wait_for(lambda: page.evaluate("window.seenAt") is not None, "the new weight on the page")
    assert page.evaluate("window.seenAt") - sent_ms < 500


def _decide_by_keyboard(page: Any, front: Shopfront) -> None:
    page.keyboard.press("2")
    page.wait_for_selector("dialog[open] input[name=user]")
    page.keyboard.type("anna")
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_selector("#review", state="hidden")
    event = front.receipt()[1]
    assert event["data"]["state"] == "final"
    assert [(line["sku"], line["qty"]) for line in event["data"]["lines"]] == [("juice", 2)]
    page.get_by_role("button", name="s1").first.click()
    page.wait_for_selector("#history[open] >> text=decided by anna")
    page.keyboard.press("Escape")


def test_nothing_is_decided_without_session_token_and_origin(shop: tuple[Resolver, Shopfront]) -> None:
    resolver, _ = shop
    case = ask(resolver, "/api/v1/reviews")[1]["reviews"][0]["case"]
    path = f"/api/v1/reviews/{case}/decision"
    cookie, csrf = sign_in(resolver)
    refused = [
        (401, {}),
        (401, {"cookie": "shelf_session=forged", "x_csrf_token": csrf}),
        (403, {"cookie": cookie}),
        (403, {"cookie": cookie, "x_csrf_token": "forged"}),
        (403, {"cookie": cookie, "x_csrf_token": csrf, "origin": "http://elsewhere.example"}),
    ]
    for status, headers in refused:
        assert ask(resolver, path, {"option": 0}, **headers)[0] == status
    assert ask(resolver, "/api/v1/sessions/s1", method="DELETE")[0] == 401
    assert len(ask(resolver, "/api/v1/reviews")[1]["reviews"]) == 1
    assert ask(resolver, path, {"option": 99}, cookie=cookie, x_csrf_token=csrf)[0] == 400
    assert ask(resolver, path, {"option": 0}, cookie=cookie, x_csrf_token=csrf)[0] == 200
    assert ask(resolver, path, {"option": 1}, cookie=cookie, x_csrf_token=csrf)[0] == 409
    assert ask(resolver, "/api/v1/reviews")[1]["reviews"] == []
    assert ask(resolver, "/api/v1/sessions/s1", cookie=cookie, x_csrf_token=csrf, method="DELETE")[0] == 200
    assert ask(resolver, "/api/v1/sessions/s1")[0] == 404
    assert ask(resolver, "/api/v1/receipts")[1]["receipts"][0]["data"]["total"] == "3.00"
    assert ask(resolver, "/api/v1/sessions/s2", cookie=cookie, x_csrf_token=csrf, method="DELETE")[0] == 409


def test_guessing_a_password_is_stopped(shop: tuple[Resolver, Shopfront]) -> None:
    resolver, _ = shop
    said = [ask(resolver, "/api/v1/login", {"user": "anna", "password": f"guess {k}"})[0] for k in range(7)]
    assert said == [401] * 5 + [429] * 2
    assert ask(resolver, "/api/v1/login", {"user": "anna", "password": PASSWORD})[0] == 429


@pytest.mark.parametrize(
    "path",
    [
        "/assets/../app.py",
        "/assets/%2e%2e/app.py",
        "/assets/..%2fapp.py",
        "/api/v1/receipts/..%2f..",
        "/api/v1/sessions/%00",
    ],
)
def test_paths_that_climb_find_nothing(standing: tuple[Resolver, Shopfront], path: str) -> None:
    assert ask(standing[0], path)[0] == 404


def test_hostile_input_gets_no_500_and_decides_nothing(standing: tuple[Resolver, Shopfront]) -> None:
    resolver, _ = standing
    url = f"http://127.0.0.1:{resolver.port}/openapi.json"
    command = [
        str(Path(sys.executable).with_name("schemathesis")), "run", url, "--checks",
        "not_a_server_error,response_schema_conformance",
        "--max-examples", "10", "--phases", "examples,fuzzing", "--seed", "1", "--request-timeout", "20", "--no-color",
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stdout[:4000]
    assert len(ask(resolver, "/api/v1/reviews")[1]["reviews"]) == 1
    assert "Traceback" not in resolver.said()


def test_interfaces_for_others_answer(standing: tuple[Resolver, Shopfront]) -> None:
    resolver, front = standing
    wait_for(
        lambda: any(entry["session"] == "s2" for entry in ask(resolver, "/api/v1/baskets")[1]["baskets"]), "the basket"
    )
    with urllib.request.urlopen(f"http://127.0.0.1:{resolver.port}/metrics", timeout=BOUND_S) as answer:
        assert b'shelf_resolver_messages_total{what="events"} 1.0' in answer.read()
    day = front.script.at(front.now() - 4)[:10]
    status, document, headers = ask(resolver, f"/api/v1/epcis/{day}")
    assert (status, document["type"], document["schemaVersion"]) == (200, "EPCISDocument", "2.0")
    (event,) = document["epcisBody"]["eventList"]
    assert (event["bizStep"], event["quantityList"][0]["quantity"]) == ("picking", 2)
    assert "default-src 'none'" in headers["content-security-policy"]
    assert ask(resolver, "/api/v1/epcis/today")[0] == 400
