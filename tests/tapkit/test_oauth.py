"""Tokens that are replaced while they are used: kept, shared, and not lost to a crash."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import threading
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import requests
from singer_tapkit.errors import RunAbortedError
from singer_tapkit.http.oauth import (
    CommandStore,
    FileStore,
    Kept,
    StoredToken,
    TokenIssuer,
    TokenStoreError,
    open_store,
)
from tap_strava.tap import TapStrava
from typing_extensions import override

from tests.conftest import NOW

if TYPE_CHECKING:
    from singer_sandbox.client import AppControl, Sandbox
    from singer_tapkit.clock import FakeClock
    from singer_tapkit.http.oauth import TokenStore

    from tests.conftest import SharedClock

CRASHING = """
import os, signal, sys
from pathlib import Path
from singer_tapkit.clock import SystemClock
from singer_tapkit.http.oauth import FileStore, StoredToken, TokenIssuer
from tap_strava.tap import TapStrava
import json

class Crashing(FileStore):
    def write(self, kept):
        os.kill(os.getpid(), signal.SIGKILL)

config = json.loads(sys.argv[1])
way = TapStrava.login_with(config)
clock = SystemClock()
issuer = TokenIssuer(way.provider, clock=clock, user_agent="test")
store = Crashing(Path(config["token_store"]))
StoredToken(issuer, store, configured=config["refresh_token"], clock=clock, login="-").value()
"""


@pytest.fixture
def strava(sandbox_server: Sandbox, clock: SharedClock) -> AppControl:
    """A Strava whose tokens nobody has used."""
    assert clock.now() == NOW
    sandbox_server.strava.reset()
    return sandbox_server.strava


def token(strava: AppControl, clock: FakeClock, store: TokenStore, **config: object) -> StoredToken:
    """Return a token that is renewed at the simulated Strava."""
    settings = {**strava.config(), **config}
    way = TapStrava.login_with(settings)
    issuer = TokenIssuer(way.provider, clock=clock, user_agent="test")
    configured = settings["refresh_token"]
    return StoredToken(issuer, store, configured=configured, clock=clock, login="tap-strava login")


def works(strava: AppControl, value: str) -> bool:
    """Tell whether a token lets one in."""
    headers = {"Authorization": f"Bearer {value}"}
    return requests.get(f"{strava.api_url}/athlete", headers=headers, timeout=10).ok


def test_a_replaced_token_is_kept_where_only_its_owner_reads(
    strava: AppControl, clock: SharedClock, tmp_path: Path
) -> None:
    """The last two of them; the configured one is not used again."""
    store = FileStore(tmp_path / "new" / "tokens.json")

    for number in (1, 2, 3):
        assert works(strava, token(strava, clock, store).value())
        clock.advance(7 * 3600)
        assert store.read().refresh_tokens[0] == f"sandbox-refresh-{number}"

    assert len(store.read().refresh_tokens) == 2
    if os.name == "posix":
        assert stat.S_IMODE(Path(store.place).stat().st_mode) == 0o600
        assert stat.S_IMODE(Path(store.place).parent.stat().st_mode) == 0o700


def test_a_file_that_others_may_read_is_refused(tmp_path: Path) -> None:
    """With the command that mends it."""
    path = tmp_path / "tokens.json"
    FileStore(path).write(Kept(("one",)))
    path.chmod(0o644)

    with pytest.raises(TokenStoreError, match=f"chmod 600 {path}"):
        FileStore(path).read()


def test_a_run_uses_the_token_that_another_has_obtained(
    strava: AppControl, clock: SharedClock, tmp_path: Path
) -> None:
    """Sixteen at once refresh once."""
    values: list[str] = []
    store = FileStore(tmp_path / "tokens.json")

    def use() -> None:
        values.append(token(strava, clock, FileStore(tmp_path / "tokens.json")).value())

    threads = [threading.Thread(target=use) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(set(values)) == 1
    assert len([call for call in strava.requests() if call.path == "/oauth/token"]) == 1
    assert store.read().access_token == values[0]


def test_killed_between_refresh_and_store_the_next_run_gets_in(
    strava: AppControl, clock: SharedClock, tmp_path: Path
) -> None:
    """Twenty times: what replaces a token counts when it is used, and it never was."""
    path = tmp_path / "tokens.json"
    config = {**strava.config(), "token_store": str(path)}
    for _ in range(20):
        killed = subprocess.run(
            [sys.executable, "-c", CRASHING, json.dumps(config)], check=False, capture_output=True
        )
        assert killed.returncode == -signal.SIGKILL, killed.stderr
        assert works(strava, token(strava, clock, FileStore(path)).value())
        clock.advance(7 * 3600)


def test_a_server_that_ends_the_former_token_at_once_needs_a_login(
    strava: AppControl, clock: SharedClock, tmp_path: Path
) -> None:
    """Nothing else can help then; the message says so, and which command."""
    strava.settings(strict_rotation=True)
    config = {**strava.config(), "token_store": str(tmp_path / "tokens.json")}
    command = [sys.executable, "-c", CRASHING, json.dumps(config)]
    subprocess.run(command, check=False, capture_output=True)

    with pytest.raises(RunAbortedError, match="Authorize the app again: tap-strava login"):
        token(strava, clock, FileStore(tmp_path / "tokens.json")).value()


def test_a_token_that_is_configured_anew_counts_more(
    strava: AppControl, clock: SharedClock, tmp_path: Path
) -> None:
    """Somebody has put it there on purpose; a wrong one does no harm."""
    store = FileStore(tmp_path / "tokens.json")
    token(strava, clock, store).value()
    clock.advance(7 * 3600)

    assert works(strava, token(strava, clock, store, refresh_token="wrong").value())

    kept = asdict(store.read()) | {"refresh_tokens": ("dead", "dead too")}
    store.write(Kept(**kept))
    current = "sandbox-refresh-2"
    assert works(strava, token(strava, clock, store, refresh_token=current).value())


def test_a_token_that_is_refused_is_renewed_although_it_seems_fresh(
    strava: AppControl, clock: SharedClock, tmp_path: Path
) -> None:
    """As after people have said no and yes again."""
    store = FileStore(tmp_path / "tokens.json")
    used = token(strava, clock, store)
    first = used.value()

    assert used.renew()

    assert used.value() != first
    assert token(strava, clock, store).value() == used.value()


def test_tokens_that_cannot_be_kept_end_the_run_before_it_begins(
    strava: AppControl, clock: SharedClock, tmp_path: Path
) -> None:
    """Else the next run would be locked out."""

    class Full(FileStore):
        @override
        def write(self, kept: Kept) -> None:
            msg = "full"
            raise TokenStoreError(msg)

    with pytest.raises(TokenStoreError):
        token(strava, clock, Full(tmp_path / "tokens.json")).value()


def test_a_command_keeps_them_too(strava: AppControl, clock: SharedClock, tmp_path: Path) -> None:
    """As a secret manager does."""
    script = tmp_path / "secrets.py"
    script.write_text(
        "import sys, pathlib\n"
        f"place = pathlib.Path({str(tmp_path / 'secret')!r})\n"
        "if sys.argv[1] == 'write': place.write_text(sys.stdin.read())\n"
        "elif place.exists(): print(place.read_text())\n"
    )
    store = open_store(f"command:{sys.executable} {script}", "unused")
    assert isinstance(store, CommandStore)

    assert works(strava, token(strava, clock, store).value())
    assert store.read().refresh_tokens[0] == "sandbox-refresh-1"
    with pytest.raises(TokenStoreError, match="Run it by hand"):
        CommandStore(f"{sys.executable} -c raise").read()


def test_login_lets_people_say_yes_in_a_browser(strava: AppControl, tmp_path: Path) -> None:
    """And prints what to put where; no secret is printed."""
    path = tmp_path / "tokens.json"
    config: dict[str, Any] = {**strava.config(), "token_store": str(path)}
    del config["refresh_token"]
    (tmp_path / "config.json").write_text(json.dumps(config))
    options = ["--config", str(tmp_path / "config.json"), "--port", "18585", "--no-browser"]
    with subprocess.Popen(
        [sys.executable, "-m", "tap_strava", "login", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        assert process.stdout
        lines = []
        for line in process.stdout:
            lines.append(line)
            if line.startswith("http"):
                page = requests.get(line.strip(), timeout=10)
                assert "You can close this page" in page.text
        assert process.wait(30) == 0, "".join(lines)
    output = "".join(lines)

    assert str(path) in output
    assert "TAP_STRAVA_CLIENT_ID" in output
    kept = FileStore(path).read()
    assert kept.refresh_tokens
    assert kept.refresh_tokens[0] not in output
    assert kept.access_token not in output
    assert config["client_secret"] not in output


def test_login_without_an_app_says_what_to_set(tmp_path: Path) -> None:
    """Before anything is opened."""
    (tmp_path / "config.json").write_text("{}")
    command = [sys.executable, "-m", "tap_spotify", "login"]

    done = subprocess.run(
        [*command, "--config", str(tmp_path / "config.json")],
        check=False,
        capture_output=True,
        text=True,
    )

    assert done.returncode == 2
    assert "Set TAP_SPOTIFY_CLIENT_ID" in done.stderr
