"""The target for Harvest."""

from __future__ import annotations

from copy import deepcopy
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final

from singer_sdk import typing as th
from singer_tapkit.clock import Clock, SystemClock
from singer_tapkit.errors import ParentRefusedError, RunAbortedError, StreamFailedError
from singer_tapkit.targets import StoringTarget
from singer_tapkit.targets.errors import SchemaError, TargetError
from typing_extensions import override

from target_harvest.account import Account
from target_harvest.ledger import DeadLetters, Ledger

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

_DELETED_AT: Final = "_sdc_deleted_at"
_FIELDS: Final = (
    *("project_id", "task_id", "user_id", "spent_date", "hours"),
    *("started_time", "ended_time", "notes", "permalink"),
)
_SETTINGS: Final[Mapping[str, Any]] = th.PropertiesList(
    th.Property(
        "access_token",
        th.StringType(min_length=1),
        required=True,
        secret=True,
        title="Access token",
        description="Personal access token of an administrator.",
    ),
    th.Property(
        "account_id",
        th.StringType(min_length=1),
        required=True,
        title="Account id",
        description="Number of the account.",
    ),
    th.Property(
        "api_url",
        th.StringType,
        default="https://api.harvestapp.com/v2",
        title="API address",
        description="Base address of the API; another one leads to a sandbox or a proxy.",
    ),
    th.Property(
        "reference_group",
        th.StringType(min_length=1),
        default="worktaps",
        title="Reference group",
        description="What marks our entries, as group_id of their external reference. Others are "
        "never touched; so change it only in a new account.",
    ),
    th.Property(
        "ledger_path",
        th.StringType,
        default="output/target-harvest/ledger.db",
        title="Ledger",
        description="File with the keys of deleted entries, so that a late record does not bring "
        "one back. Keep it.",
    ),
    th.Property(
        "dead_letters_path",
        th.StringType,
        default="output/target-harvest/dead-letters.jsonl",
        title="Dead letters",
        description="File for records that Harvest refuses, with the cause; to be read in again.",
    ),
    th.Property(
        "user_agent",
        th.StringType,
        default="",
        title="User agent",
        description="Sent with each request, as: Our relay (data@example.com).",
    ),
    th.Property(
        "batch_size_rows",
        th.IntegerType(minimum=1),
        default=100,
        title="Rows per batch",
        description="How many records are written before a state is passed on.",
    ),
).to_dict()


class EntryStore:
    """Writes the time entries of one stream.

    Args:
        stream: Name of the stream.
        account: Where they go.
        ledger: Knows what was deleted.
        letters: Takes what is refused.
        warn: Gets a line for each of those.

    Attributes:
        records: How many records came in.
        refused: How many of them are dead letters.
    """

    def __init__(
        self,
        stream: str,
        account: Account,
        ledger: Ledger,
        letters: DeadLetters,
        warn: Callable[..., object],
    ) -> None:
        self.stream = stream
        self.records = 0
        self.refused = 0
        self._account = account
        self._ledger = ledger
        self._letters = letters
        self._warn = warn
        self._waiting: dict[str, Mapping[str, Any]] = {}
        self._schema: Mapping[str, Any] = {}
        self._keys: Sequence[str] = ()

    def define(self, schema: dict[str, Any], keys: Sequence[str]) -> None:
        """Make ready for records with one key.

        Raises:
            SchemaError: If there is none.
        """
        if not keys:
            msg = (
                f"Stream {self.stream!r} has no key, by which Harvest could tell its entries apart"
            )
            raise SchemaError(msg)
        self._schema, self._keys = schema, keys

    def put(self, record: dict[str, Any], version: int | None) -> None:
        """Take an entry; of several with one key the last counts."""
        del version
        self._take(record)

    def mark(self, record: dict[str, Any], deleted_at: str) -> None:
        """Take a tombstone."""
        self._take({**record, _DELETED_AT: deleted_at})

    def activate(self, version: int, now: str) -> None:
        """Do nothing: entries are deleted by tombstones only."""

    def flush(self) -> None:
        """Write what has come, in order; what is refused becomes a dead letter.

        Raises:
            TargetError: If Harvest cannot be reached, or refuses the credentials.
        """
        for key, record in list(self._waiting.items()):
            try:
                self._write(key, record)
            except ParentRefusedError as error:
                self.refused += 1
                self._letters.add(self.stream, self._schema, self._keys, record, str(error))
                self._warn("%s: an entry is a dead letter: %s", self.stream, error)
            except (StreamFailedError, RunAbortedError) as error:
                raise TargetError(str(error)) from None
            del self._waiting[key]

    def _write(self, key: str, record: Mapping[str, Any]) -> None:
        if record.get(_DELETED_AT):
            self._ledger.add(self.stream, key, str(record[_DELETED_AT]))
            self._account.delete(key)
        elif not self._ledger.has(self.stream, key):
            entry = {name: record[name] for name in _FIELDS if record.get(name) is not None}
            self._account.put(key, entry)

    def _take(self, record: dict[str, Any]) -> None:
        self.records += 1
        key = ":".join(str(record[name]) for name in self._keys)
        self._waiting.pop(key, None)  # so that it takes the place of the last one
        self._waiting[key] = record


class TargetHarvest(StoringTarget):
    """Singer target for Harvest: time entries made, changed and deleted, each once.

    A state is passed on only when all records before it are written, or are dead letters.
    """

    name = "target-harvest"
    package_name = "worktaps-target-harvest"
    config_jsonschema: ClassVar[dict[str, Any]] = deepcopy(dict(_SETTINGS))
    clock: Clock = SystemClock()
    _stores: dict[str, EntryStore]  # type: ignore[assignment]  # of this target

    @override
    def make_store(self, stream: str) -> EntryStore:
        return EntryStore(stream, self._account, self._ledger, self._letters, self.logger.warning)

    @override
    def finish(self) -> None:
        """Write what is left, and say what came of it."""
        for stream, store in self._stores.items():
            store.flush()
            self.logger.info(
                "%s: %d records, %d of them dead letters", stream, store.records, store.refused
            )

    @cached_property
    def _account(self) -> Account:
        agent = self.setting("user_agent")
        return Account(
            self.setting("api_url"),
            token=self.config["access_token"],
            account_id=self.config["account_id"],
            group=self.setting("reference_group"),
            clock=self.clock,
            user_agent=agent or f"target-harvest/{version('worktaps-target-harvest')}",
        )

    @cached_property
    def _ledger(self) -> Ledger:
        return Ledger(Path(self.setting("ledger_path")))

    @cached_property
    def _letters(self) -> DeadLetters:
        return DeadLetters(Path(self.setting("dead_letters_path")))
