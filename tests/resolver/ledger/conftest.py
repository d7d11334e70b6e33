"""A ledger on SQLite and on a real PostgreSQL: the same tests on both."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

BOUND_S = 30.0


def postgres_folder() -> Path | None:
    """Where Debian keeps the newest server's programs."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    return found[-1].parent if found else None


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server of one's own on a Unix socket; its URL."""
    programs = postgres_folder()
    if programs is None:
        pytest.skip("no PostgreSQL server here: apt-get install postgresql (make test does)")
    folder = Path(tmp_path_factory.mktemp("pg"))
    user = None
    if os.geteuid() == 0:  # the server refuses to run as root
        user = "nobody"
        account = pwd.getpwnam(user)
        for path in (folder, *folder.parents[:3]):  # with several workers each has a folder of its own between
            if path.name.startswith(("pg", "popen-", "pytest-")):
                path.chmod(0o755)
        shutil.chown(folder, account.pw_uid, account.pw_gid)
    data = folder / "data"
    subprocess.run(
        [programs / "initdb", "-D", data, "-U", "shelf", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"],
        check=True,
        stdout=subprocess.DEVNULL,
        user=user,
    )
    server = subprocess.Popen(
        [programs / "postgres", "-F", "-D", data, "-k", folder, "-h", ""], stderr=subprocess.DEVNULL, user=user
    )  # -F: nothing here outlives the machine, and a slow disk would make its end last for many seconds
    url = f"postgresql://shelf@/postgres?host={folder}"
    end = time.monotonic() + BOUND_S
    while subprocess.run([programs / "pg_isready", "-q", "-h", folder], check=False).returncode:
        assert time.monotonic() < end, "PostgreSQL does not start"
        time.sleep(0.05)
    yield url
    server.send_signal(signal.SIGINT)  # SIGTERM would wait for every session
    server.wait(BOUND_S)


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty database."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/ledger.sqlite"
        return
    import psycopg

    server: str = request.getfixturevalue("postgres")
    name = f"test{time.time_ns()}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")  # type: ignore[call-overload] # our own digits
    yield server.replace("/postgres?", f"/{name}?")
