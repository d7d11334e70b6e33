"""On a real mosquitto with TLS: every topic of the contract, written and read by every kind of client."""

from __future__ import annotations

import queue
import socket
import ssl
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from agent.messages import Topics
from resolver.service.running import subscriptions
from tests.deploy.client import CertClient
from tests.deploy.conftest import BOUND_S, CLIENTS, DEPLOY, PASSWORD, StoreBroker, script

BASE = "shelf/v1/demo"
WRITES = {
    f"{BASE}/agents/a1/events": {"a1"},
    f"{BASE}/agents/a1/watermark": {"a1"},
    f"{BASE}/agents/a1/plates/P1": {"a1"},
    f"{BASE}/agents/a1/replies": {"a1"},
    f"{BASE}/agents/a1/status": {"a1"},
    f"{BASE}/agents/a2/status": {"a2"},
    f"{BASE}/agents/a2/events": {"a2"},
    f"{BASE}/agents/a1/commands": {"resolver", "operator"},
    f"{BASE}/sessions": {"door"},
    f"{BASE}/presence": {"cam"},
    f"{BASE}/baskets/s1": {"resolver"},
    f"{BASE}/receipts": {"resolver"},
    "homeassistant/device/shelf-demo-a1/config": {"a1"},
    "homeassistant/status": {"ha"},
    "shelf/v1/other/agents/a1/events": set(),
    "anything": set(),
    "$CONTROL/dynamic-security/v1": set(),
}
READS = {
    f"{BASE}/agents/a1/events": {"resolver", "operator", "ha"},
    f"{BASE}/agents/a1/watermark": {"resolver"},
    f"{BASE}/agents/a1/plates/P1": {"resolver", "operator", "ha"},
    f"{BASE}/agents/a1/replies": {"resolver", "operator"},
    f"{BASE}/agents/a1/status": {"a1", "resolver", "operator", "ha"},
    f"{BASE}/agents/a1/commands": {"a1"},
    f"{BASE}/sessions": {"resolver"},
    f"{BASE}/presence": {"resolver"},
    f"{BASE}/baskets/s1": set(),
    f"{BASE}/receipts": set(),
    "homeassistant/device/shelf-demo-a1/config": {"ha"},
}
# What may be asked for, and by whom: the topics above as the programs name them, and what reaches further than a right.
SUBSCRIBES = {
    **READS,
    f"{BASE}/agents/+/events": {"resolver", "operator", "ha"},
    f"{BASE}/agents/+/watermark": {"resolver"},
    f"{BASE}/agents/+/plates/+": {"resolver", "operator", "ha"},
    f"{BASE}/agents/+/replies": {"resolver", "operator"},
    f"{BASE}/agents/+/status": {"resolver", "operator", "ha"},
    f"{BASE}/agents/+/commands": set(),
    f"{BASE}/agents/a2/commands": {"a2"},
    f"{BASE}/agents/a2/status": {"a2", "resolver", "operator", "ha"},
    f"{BASE}/agents/+/+": set(),
    f"{BASE}/agents/a1/#": set(),
    f"{BASE}/baskets/+": set(),
    f"{BASE}/#": set(),
    "shelf/v1/+/sessions": set(),
    "shelf/v1/other/agents/a1/events": set(),
    "homeassistant/+/+/config": {"ha"},
    "homeassistant/#": {"ha"},
    "#": set(),
    "+/#": set(),
    "$SYS/#": set(),
    "$CONTROL/#": set(),
    "$share/thieves/#": set(),
    f"$share/thieves/{BASE}/sessions": set(),
}


def signed_in(broker: StoreBroker) -> Iterator[dict[str, CertClient]]:
    there = {name: CertClient(broker.tls_port, broker.ca, broker.cert(name)) for name in CLIENTS}
    assert all(client.signed_in() for client in there.values())
    yield there
    for client in there.values():
        client.close()


@pytest.fixture(scope="module")
def clients(store_broker: StoreBroker) -> Iterator[dict[str, CertClient]]:
    yield from signed_in(store_broker)


@pytest.fixture(scope="module")
def granted(store_broker: StoreBroker) -> Iterator[tuple[dict[str, CertClient], dict[str, dict[str, bool]]]]:
    """Clients that have asked for everything, and what each was granted."""
    for there in signed_in(store_broker):
        yield there, {who: client.subscribe(*SUBSCRIBES) for who, client in there.items()}


@pytest.fixture(scope="module")
def listeners(granted: tuple[dict[str, CertClient], object]) -> dict[str, CertClient]:
    return granted[0]


@pytest.fixture(scope="module")
def taken(clients: dict[str, CertClient]) -> dict[str, dict[str, bool]]:
    """What the broker took of each client on each topic."""
    with ThreadPoolExecutor() as pool:  # after refusals mosquitto hangs up, and taking it up again takes its time
        answers = pool.map(lambda client: client.publish(*WRITES, payload=b"{}"), clients.values())
        return dict(zip(clients, answers, strict=True))


@pytest.mark.parametrize("topic", WRITES)
@pytest.mark.parametrize("who", CLIENTS)
def test_each_writes_only_its_own(taken: dict[str, dict[str, bool]], who: str, topic: str) -> None:
    assert taken[who][topic] == (who in WRITES[topic])


@pytest.mark.parametrize("topic", SUBSCRIBES)
@pytest.mark.parametrize("who", CLIENTS)
def test_a_subscription_that_reaches_further_than_a_right_is_refused(
    granted: tuple[object, dict[str, dict[str, bool]]], who: str, topic: str
) -> None:
    assert granted[1][who][topic] == (who in SUBSCRIBES[topic])


def test_what_the_programs_ask_for_is_theirs(granted: tuple[object, dict[str, dict[str, bool]]]) -> None:
    topics = Topics("demo")
    asked = {
        "a1": [topics.commands("a1"), topics.status("a1")],
        "resolver": [topic for topic, _ in subscriptions("demo")],
        "operator": [
            topics.replies("a1"),
            topics.events("a1"),
            topics.status("a1"),
            *(f"{BASE}/agents/+/{name}" for name in ("plates/+", "status", "events")),
        ],
    }
    assert all(granted[1][who][topic] for who, wanted in asked.items() for topic in wanted)


def test_a_will_on_a_topic_of_others_is_not_published(
    store_broker: StoreBroker, clients: dict[str, CertClient], listeners: dict[str, CertClient]
) -> None:
    """Each leaves one; only the agent's own arrives."""
    topic, resolver = f"{BASE}/agents/a1/status", listeners["resolver"]
    while not resolver.heard.empty():
        resolver.heard.get_nowait()
    for who in ("door", "cam", "operator", "resolver", "ha", "a2", "a1"):
        will = (topic, f"will of {who}".encode())
        leaving = CertClient(store_broker.tls_port, store_broker.ca, store_broker.cert(who), will=will)
        assert leaving.signed_in()
        leaving.vanish()
    heard = {resolver.heard.get(timeout=BOUND_S)}
    assert all(clients["a1"].publish(topic, payload=b"last").values())
    while (topic, b"last") not in heard:
        heard.add(resolver.heard.get(timeout=BOUND_S))
    assert heard == {(topic, b"will of a1"), (topic, b"last")}


@pytest.mark.parametrize("topic", READS)
def test_each_reads_only_what_it_needs(
    clients: dict[str, CertClient], listeners: dict[str, CertClient], topic: str
) -> None:
    """A later message that a client may read shows that nothing is on its way any more."""
    for client in listeners.values():
        while not client.heard.empty():
            client.heard.get_nowait()
    writer = next(iter(WRITES[topic]))
    assert all(clients[writer].publish(topic, payload=b"secret").values())
    last = {
        "a1": ("operator", f"{BASE}/agents/a1/commands"),
        "a2": ("operator", f"{BASE}/agents/a2/commands"),
        "resolver": ("a1", f"{BASE}/agents/a1/status"),
        "operator": ("a1", f"{BASE}/agents/a1/status"),
        "ha": ("a1", f"{BASE}/agents/a1/status"),
    }
    for reader, (by, mark) in last.items():
        last_word = f"{topic} {reader}".encode()
        assert all(clients[by].publish(mark, payload=last_word).values())
        heard: list[tuple[str, bytes]] = []
        while not heard or heard[-1] != (mark, last_word):
            heard.append(listeners[reader].heard.get(timeout=BOUND_S))
        assert ((topic, b"secret") in heard) == (reader in READS[topic]), reader
    for deaf in ("door", "cam"):
        with pytest.raises(queue.Empty):
            listeners[deaf].heard.get_nowait()


def refused(broker: StoreBroker, ca: Path, files: tuple[Path, Path] | None, host: str = "localhost") -> bool:
    try:
        client = CertClient(broker.tls_port, ca, files, host)
    except (ssl.SSLError, OSError):
        return True
    try:
        return not client.signed_in()
    finally:
        client.close()


def test_without_a_certificate_of_the_store_nobody_is_let_in(store_broker: StoreBroker, tmp_path: Path) -> None:
    assert refused(store_broker, store_broker.ca, None)
    assert script("mosquitto/ca.sh", str(tmp_path / "ca"), "init", "other").returncode == 0
    assert script("mosquitto/ca.sh", str(tmp_path / "ca"), "client", "shelf-demo-a1").returncode == 0
    foreign = (tmp_path / "ca" / "shelf-demo-a1.crt", tmp_path / "ca" / "shelf-demo-a1.key")
    assert refused(store_broker, store_broker.ca, foreign)
    assert not refused(store_broker, store_broker.ca, store_broker.cert("a1"))


def test_a_client_trusts_only_the_stores_broker(store_broker: StoreBroker, tmp_path: Path) -> None:
    assert script("mosquitto/ca.sh", str(tmp_path / "ca"), "init", "other").returncode == 0
    assert refused(store_broker, tmp_path / "ca" / "ca.crt", store_broker.cert("a1"))
    with pytest.raises(ssl.SSLCertVerificationError):  # reached by a name that is not in its certificate
        context = ssl.create_default_context(cafile=str(store_broker.ca))
        with socket.create_connection(("127.0.0.1", store_broker.tls_port), 5) as raw:
            context.wrap_socket(raw, server_hostname="broker.example")


def test_old_tls_is_refused(store_broker: StoreBroker) -> None:
    context = ssl.create_default_context(cafile=str(store_broker.ca))
    context.minimum_version = ssl.TLSVersion.TLSv1
    context.maximum_version = ssl.TLSVersion.TLSv1_1
    with socket.create_connection(("127.0.0.1", store_broker.tls_port), 5) as raw, pytest.raises(ssl.SSLError):
        context.wrap_socket(raw, server_hostname="localhost")


def test_the_only_plain_listener_is_on_the_loopback_and_wants_a_password(store_broker: StoreBroker) -> None:
    listeners = [
        line.split()[1:]
        for line in (DEPLOY / "mosquitto" / "shelf.conf").read_text().splitlines()
        if line.startswith("listener ")
    ]
    assert listeners == [["8883"], ["1883", "127.0.0.1"]]
    pid = store_broker.process.pid
    bound = _listening(pid)
    assert bound[store_broker.plain_port] == {"127.0.0.1"}
    assert _plain_code(store_broker.plain_port, None) != 0
    assert _plain_code(store_broker.plain_port, "wrong") != 0
    assert _plain_code(store_broker.plain_port, PASSWORD) == 0


def _listening(pid: int) -> dict[int, set[str]]:
    """Addresses (IPv4) on which a process listens, by port."""
    own = {path.readlink().name for path in Path(f"/proc/{pid}/fd").iterdir() if path.is_symlink()}
    bound: dict[int, set[str]] = {}
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        words = line.split()
        if words[3] == "0A" and f"socket:[{words[9]}]" in own:
            address, port = words[1].split(":")
            bound.setdefault(int(port, 16), set()).add(socket.inet_ntoa(bytes.fromhex(address)[::-1]))
    return bound


def _plain_code(port: int, password: str | None) -> int:
    """The reason code of a CONNECT without TLS."""
    answer: queue.Queue[int] = queue.Queue()
    client = mqtt.Client(CallbackAPIVersion.VERSION2)
    if password is not None:
        client.username_pw_set("shelf-demo-a1", password)
    client.on_connect = lambda _c, _d, _f, reason, _p: answer.put(reason.value)
    client.connect("127.0.0.1", port)
    client.loop_start()
    try:
        return answer.get(timeout=BOUND_S)
    finally:
        client.disconnect()
        client.loop_stop()


def test_the_example_is_what_the_script_makes() -> None:
    kinds = ["--agent", "a1", "--door", "door", "--sensor", "cam", "--operator", "operator"]
    assert script("mosquitto/acl.sh", "demo", *kinds).stdout == (DEPLOY / "mosquitto" / "shelf.acl.json").read_text()


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ([], "name the store"),
        (["demo"], "name an agent"),
        (["Demo", "--agent", "a1"], "store 'Demo'"),
        (["demo", "--agent", "a/1"], "'a/1' is no id"),
        (["demo", "--agent", "a1\nuser x"], "is no id"),
        (["demo", "a1"], "behind no flag"),
        (["demo", "--agent", "a1", "--door", "a1"], "'a1' is named twice"),
        (["demo", "--agent", "resolver"], "'resolver' is named twice"),
        (["demo", "--agent", "a1", "--home-assistant", "h1", "h2"], "one Home Assistant"),
    ],
)
def test_an_acl_of_nonsense_is_refused(words: list[str], says: str) -> None:
    made = script("mosquitto/acl.sh", *words)
    assert made.returncode == 2
    assert made.stdout == ""
    assert says in made.stderr


def test_the_authority_overwrites_nothing_and_revokes(tmp_path: Path) -> None:
    ca = str(tmp_path / "ca")
    assert script("mosquitto/ca.sh", ca, "client", "x").returncode == 2
    assert script("mosquitto/ca.sh", ca, "init", "demo").returncode == 0
    key = (tmp_path / "ca" / "ca.key").read_bytes()
    assert script("mosquitto/ca.sh", ca, "init", "demo").returncode == 2
    assert (tmp_path / "ca" / "ca.key").read_bytes() == key
    assert (tmp_path / "ca" / "ca.key").stat().st_mode & 0o077 == 0
    assert script("mosquitto/ca.sh", ca, "client", "shelf-demo-a1").returncode == 0
    assert script("mosquitto/ca.sh", ca, "client", "shelf-demo-a1").returncode == 2
    assert script("mosquitto/ca.sh", ca, "client", "../x").returncode == 2
    before = (tmp_path / "ca" / "ca.crl").read_bytes()
    assert script("mosquitto/ca.sh", ca, "revoke", "shelf-demo-a1").returncode == 0
    assert (tmp_path / "ca" / "ca.crl").read_bytes() != before
    assert script("mosquitto/ca.sh", ca, "client", "shelf-demo-a1").returncode == 0


def test_a_revoked_client_is_not_let_in_after_a_reload(store_broker: StoreBroker, tmp_path: Path) -> None:
    """The broker reads the list at its start and at SIGHUP; other listeners of the fixture are not disturbed."""
    made = script("mosquitto/ca.sh", str(store_broker.ca.parent), "client", "shelf-demo-gone")
    assert made.returncode == 0
    files = (tmp_path / "gone.crt", tmp_path / "gone.key")
    for there, kept in zip(made.stdout.split(), files, strict=True):
        kept.write_bytes(Path(there).read_bytes())
    assert not refused(store_broker, store_broker.ca, files)
    assert script("mosquitto/ca.sh", str(store_broker.ca.parent), "revoke", "shelf-demo-gone").returncode == 0
    config = tmp_path / "m.conf"
    from tests.deploy.conftest import free_port

    port = free_port()
    ca = store_broker.ca.parent
    config.write_text(
        f"listener {port}\ncafile {ca}/ca.crt\ncertfile {ca}/broker.crt\nkeyfile {ca}/broker.key\ncrlfile {ca}/ca.crl\n"
        "require_certificate true\nuse_identity_as_username true\nuser root\nlog_dest none\n"
    )
    import subprocess
    import time

    process = subprocess.Popen(["mosquitto", "-c", str(config)])
    try:
        end_s = time.monotonic() + BOUND_S
        while time.monotonic() < end_s:
            try:
                socket.create_connection(("127.0.0.1", port), 0.2).close()
                break
            except OSError:
                time.sleep(0.02)
        again = StoreBroker(store_broker.folder, port, 0, process)
        assert refused(again, store_broker.ca, files)
        assert not refused(again, store_broker.ca, store_broker.cert("a1"))
    finally:
        process.terminate()
        process.wait(BOUND_S)
