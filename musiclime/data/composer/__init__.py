"""Composing the demo corpus: songs with known, local evidence; sounds, styles, words, one song, the table."""
