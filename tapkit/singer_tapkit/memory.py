"""How the C library treats large blocks of memory."""

from __future__ import annotations

import ctypes
import sys
from contextlib import suppress
from typing import Final

_MMAP_THRESHOLD: Final = -3
"""``M_MMAP_THRESHOLD`` of ``malloc.h``."""
_LARGE_BYTES: Final = 128 * 1024


def give_back_large_blocks() -> None:
    """Let freed pages of answers go back to the system at once.

    By default glibc keeps blocks of up to 32 MB for the thread that freed one of that size. With
    sixteen threads that read pages of some megabytes, the process grows to three times of what it
    holds. Other C libraries do not know this setting; there it does nothing.
    """
    if sys.platform == "linux":
        with suppress(AttributeError, OSError):
            ctypes.CDLL(None).mallopt(_MMAP_THRESHOLD, _LARGE_BYTES)
