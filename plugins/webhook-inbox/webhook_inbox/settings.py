"""The file that says who sends: how they sign, and where their webhooks are made."""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from webhook_inbox.registration import VENDORS, Registration
from webhook_inbox.signatures import SCHEMES

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from webhook_inbox.signatures import Scheme

_KNOWN: Final = ("scheme", "secret", "secret_file", "webhook")


class SettingsError(Exception):
    """The file is not as it has to be; the text names all faults."""


@dataclass(frozen=True, slots=True)
class Source:
    """Somebody who sends.

    Attributes:
        scheme: How they sign.
        secret: With what; empty as long as the vendor has not told.
        secret_file: Where it is kept once the vendor has told.
        registration: Where the webhook is made, if that is set up.
    """

    scheme: Scheme
    secret: str = field(repr=False)
    secret_file: Path | None = None
    registration: Registration | None = None


def read_sources(path: Path) -> dict[str, Source]:
    """Read the file.

    Args:
        path: JSON such as ``{"clickup": {"scheme": "clickup", "secret": "${CLICKUP_SECRET}"}}``.
            Paths in it are relative to it; ``${NAME}`` stands for a variable of the environment.

    Raises:
        SettingsError: If it is wrong.
    """
    try:
        content: Mapping[str, Mapping[str, Any]] = json.loads(path.read_text())
        entries = {str(name): dict(entry) for name, entry in content.items()}
    except (ValueError, AttributeError, TypeError):
        msg = f'{path} has to look like {{"clickup": {{"scheme": "clickup", "secret": "..."}}}}'
        raise SettingsError(msg) from None
    found, faults = {}, []
    for name, entry in entries.items():
        own = _faults(entry)
        faults += [f"{name}.{fault}" for fault in own]
        if not own:
            found[name] = _source(path.parent, entry)
    if faults:
        raise SettingsError("\n  ".join([f"{path} needs attention", *faults]))
    return found


def _faults(entry: Mapping[str, Any]) -> list[str]:
    faults = [f"{name}: unknown. There are {', '.join(_KNOWN)}" for name in entry.keys() - _KNOWN]
    if entry.get("scheme") not in SCHEMES:
        faults.append(f"scheme: one of {', '.join(SCHEMES)}")
    if not entry.get("secret_file") and not _expanded(entry.get("secret")):
        faults.append("secret: missing, or names a variable that is not set; or give secret_file")
    webhook = entry.get("webhook")
    if webhook is not None:
        if entry.get("scheme") not in VENDORS:
            faults.append(f"webhook: can be made for {', '.join(VENDORS)} only")
        elif not isinstance(webhook, dict):
            faults.append("webhook: an object with url, token and what the vendor needs")
        else:
            faults += [f"webhook.{one}" for one in Registration.faults(entry["scheme"], webhook)]
    return faults


def _source(folder: Path, entry: Mapping[str, Any]) -> Source:
    file = folder / entry["secret_file"] if entry.get("secret_file") else None
    secret = _expanded(entry.get("secret"))
    if not secret and file and file.exists():
        secret = file.read_text().strip()
    webhook = entry.get("webhook")
    registration = None
    if webhook:
        given = {
            name: _expanded(value) if isinstance(value, str) else value
            for name, value in webhook.items()
        }
        registration = Registration.of(entry["scheme"], given, folder)
    return Source(SCHEMES[entry["scheme"]], secret, file, registration)


def _expanded(text: object) -> str:
    return re.sub(r"\$\{(\w+)\}", lambda match: os.environ.get(match[1], ""), str(text or ""))
