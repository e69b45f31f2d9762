"""The listenable explanation: one component for the book's pages and for live notebooks."""

from .player import player

__all__ = ["player"]
