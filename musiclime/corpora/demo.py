"""The demo corpus is composed, not read; see musiclime/demo."""

from ..demo.songs import load

__all__ = ["load"]
