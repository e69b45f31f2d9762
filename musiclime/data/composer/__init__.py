"""Composing the demo songs: instruments (sounds), styles, words, what is played (score), songs."""
