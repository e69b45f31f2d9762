"""Songs and corpora: sound, lyrics, labels, and every place that they are read from."""
