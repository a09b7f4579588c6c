"""What targets share: messages read exactly, records checked, state after the rows are safe."""

from singer_tapkit.targets.sink import Store
from singer_tapkit.targets.target import StoringTarget

__all__ = ["Store", "StoringTarget"]
