"""Files that a command is given: settings, a state, a catalog."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click
from singer_sdk.plugin_base import PluginBase, _ConfigInput
from typing_extensions import override

if TYPE_CHECKING:
    from singer_tapkit.types import Json


class JsonObject(click.File):
    """An option's file that holds a JSON object; ``-`` is the standard input.

    Whatever else it holds is refused with the place that is wrong and without what stands there.
    """

    @override
    def convert(  # type: ignore[override]  # an object instead of the file
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> dict[str, Json]:
        """Return the object.

        Raises:
            click.BadParameter: If there is no such file, or it holds no JSON object.
        """
        name = str(value)
        try:
            with super().convert(value, param, ctx) as file:
                found = json.loads(file.read())
        except json.JSONDecodeError as error:
            wrong = f"{error.msg} in line {error.lineno}, column {error.colno}"
            self.fail(f"'{name}' is not JSON: {wrong}", param, ctx)
        except (UnicodeDecodeError, RecursionError):
            self.fail(f"'{name}' is not JSON in UTF-8", param, ctx)
        except OSError as error:
            self.fail(f"'{name}' cannot be read: {error.strerror}", param, ctx)
        if not isinstance(found, dict):
            self.fail(f"'{name}' holds no JSON object; it has to begin with {{", param, ctx)
        return found


class ReadsConfigFiles(PluginBase):
    """A tap or a target whose ``--config`` says what is wrong with a file."""

    @classmethod
    @override
    def cb_config(
        cls, ctx: click.Context, param: click.Option, value: tuple[str, ...]
    ) -> _ConfigInput:
        """Merge the files of ``--config``, the later ones over the earlier; ``ENV`` is none."""
        settings: dict[str, Any] = {}
        for path in value:
            if path != "ENV":
                settings |= JsonObject(encoding="utf-8").convert(path, param, ctx)
        return _ConfigInput(config=settings, parse_env="ENV" in value)
