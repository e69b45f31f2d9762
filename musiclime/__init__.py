"""MusicLIME: which words, and which stem in which tenth of the clip, moved a music model's decision.

Public names load on first use (see `PUBLIC_NAMES`), so that reading a table does not import torch.
"""

import lazy_loader

__version__ = "0.2.0"

# Which file each public name lives in.
PUBLIC_NAMES = {
    "data.labels": ["GENRES", "EMOTIONS", "emotion_of", "genre_of"],
    "data.lyrics": ["clean_lyrics"],
    "data.song": ["Song", "Corpus", "read_song"],
    "data.corpora": ["load_corpus"],
    "models.training": ["load_model"],
    "models.pretrained": ["load_tagger"],
    "explain.explainers": ["MusicLIME", "AudioLIME", "LyricsLIME"],
    "explain.spectrogram_regions": ["SpectrogramLIME"],
    "explain.explanation": ["Explanation", "Feature"],
    "explain.corpus_jobs": ["explain_corpus"],
    "judge.global_importance": ["aggregate", "importance"],
    "judge.interactions": ["interaction"],
    "judge.counterfactuals": ["counterfactual"],
    "judge.planted_evidence": ["mark"],
    "judge.exam_pack": ["exam_pack"],
    "show.player.player": ["player"],
}

__getattr__, __dir__, __all__ = lazy_loader.attach(__name__, submod_attrs=PUBLIC_NAMES)
