"""The listenable explanation: one component for the book's pages and for live notebooks."""
