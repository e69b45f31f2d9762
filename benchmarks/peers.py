"""Other people's explainers behind one door: the peers' own code, asked about the masks of one song.

Each function takes a `Question` and gives one weight a feature. `pip install musiclime[exam]` brings them.
"""

import time
from dataclasses import replace
from itertools import combinations

import numpy as np
from tqdm import tqdm

from musiclime.explain.ask_model import Answers
from musiclime.explain.masks import draw
from musiclime.models.filterbank import BINS, FRAMES, MEAN, SILENCE, STD, filterbank


class Question:
    """One song and one class, asked about masks; it counts the masks that it is asked about."""

    def __init__(self, explainer, song, label: str, calls: int, seed: int):
        self.explainer, self.space = explainer, explainer.space(song)
        self.model, self.calls, self.seed = explainer.predict, calls, seed
        self.cells, self.words = len(self.space.audio), len(self.space.lyrics)
        self.features = self.cells + self.words
        self.label, self.column = label, explainer.classes.index(label)
        self.asked = 0

    def answer(self, masks) -> np.ndarray:
        """The probability of the class for boolean masks (n, features)."""
        masks = np.asarray(masks, dtype=float).reshape(-1, self.features) > 0.5
        self.asked += len(masks)
        return self.explainer.outputs(self.space, masks)[:, self.column]

    def coins(self) -> np.ndarray:
        return draw(self.calls, self.features, seed=self.seed)


def published(question: Question) -> np.ndarray:
    """The published procedure: fair coins and lime's own LimeBase with a kernel of width 25."""
    masks = question.coins()
    return _lime_base(masks, question.answer(masks), 25, question.seed)


def audiolime(question: Question) -> np.ndarray:
    """audioLIME's procedure (Haunschmid 2020): fair coins over the cells of the sound, a kernel of width .25.

    Its package is not on PyPI; this is its sampling and its kernel, with the LimeBase that it took from lime.
    It explains sound, so all the words stay.
    """
    cells = draw(question.calls, question.cells, seed=question.seed)
    words = np.ones((question.calls, question.words), dtype=bool)
    weights = _lime_base(cells, question.answer(np.hstack([cells, words])), 0.25, question.seed)
    return np.concatenate([weights, np.zeros(question.words)])


def _lime_base(masks, outputs, width: float, seed: int) -> np.ndarray:
    """lime's ridge of the outputs on the masks, weighted by their cosine distance from the first."""
    from lime.lime_base import LimeBase
    from sklearn.metrics import pairwise_distances

    def kernel(distance):
        return np.sqrt(np.exp(-((distance / width) ** 2)))

    masks = masks.astype(float)
    distances = pairwise_distances(masks, masks[:1], metric="cosine").ravel()
    base = LimeBase(kernel, random_state=seed)
    features = masks.shape[1]
    pairs = base.explain_instance_with_data(masks, outputs[:, None], distances, 0, num_features=features)[1]
    weights = np.zeros(features)
    for feature, weight in pairs:
        weights[feature] = weight
    return weights


def fixlip(question: Question) -> np.ndarray:
    """FIxLIP's main effects at p = 1/2 (Baniecki 2025), by our own code from its paper.

    It draws masks of each modality, asks about every combination, and fits single features and all pairs by
    least squares. On a full grid that fit falls into three: the means of the rows on the cells and their
    pairs, the means of the columns on the words and theirs, and the rest on the pairs of a cell and a word
    (our `pair_matrix`). With fewer masks than terms it is the solution of least norm.
    """
    audio = draw(question.calls, question.cells, seed=[question.seed, 0])
    words = draw(question.calls, question.words, seed=[question.seed, 1])
    answers = Answers(question.model, question.space, question.explainer.batch, {})
    grid = np.concatenate([block[..., question.column] for block in answers.grid(audio, words)])
    question.asked += question.calls  # as many encodings of a sound and of a text as so many masks of both
    by_cell = _main_effects(audio, grid.mean(1))
    return np.concatenate([by_cell, _main_effects(words, grid.mean(0))])


def _main_effects(masks, outputs) -> np.ndarray:
    """The single features' part of a fit that holds all pairs too."""
    signs = masks - 0.5
    pairs = [signs[:, i] * signs[:, j] for i, j in combinations(range(signs.shape[1]), 2)]
    terms = np.column_stack([signs, *pairs])
    terms = terms - terms.mean(0)
    return np.linalg.lstsq(terms, outputs - outputs.mean(), rcond=None)[0][: signs.shape[1]]


def lime_text(question: Question) -> np.ndarray:
    """lime's LimeTextExplainer, as it comes: every feature is a word of a text that stands for the song."""
    from lime.lime_text import LimeTextExplainer

    text = " ".join(f"f{number}" for number in range(question.features))

    def answer(texts):
        masks = np.zeros((len(texts), question.features), dtype=bool)
        for mask, left in zip(masks, texts):
            mask[[int(word[1:]) for word in left.split() if word.startswith("f")]] = True
        probability = question.answer(masks)
        return np.column_stack([1 - probability, probability])

    explainer = LimeTextExplainer(split_expression=r"\s+", bow=False, random_state=question.seed)
    found = explainer.explain_instance(
        text, answer, labels=(1,), num_features=question.features, num_samples=question.calls
    )
    weights = np.zeros(question.features)
    for feature, weight in found.as_map()[1]:
        weights[feature] = weight
    return weights


def _torch_answer(question: Question):
    import torch

    def answer(masks):
        return torch.from_numpy(question.answer(masks.numpy()))

    return answer


def captum_kernel_shap(question: Question) -> np.ndarray:
    """captum's KernelShap."""
    import torch
    from captum.attr import KernelShap

    torch.manual_seed(question.seed)
    whole = torch.ones(1, question.features)
    explainer = KernelShap(_torch_answer(question))
    return explainer.attribute(whole, n_samples=question.calls, perturbations_per_eval=256).numpy()[0]


def captum_lime(question: Question) -> np.ndarray:
    """captum's Lime with a linear regression in place of its lasso, which would set most weights to 0."""
    import torch
    from captum._utils.models.linear_model import SkLearnLinearRegression
    from captum.attr import Lime

    torch.manual_seed(question.seed)
    whole = torch.ones(1, question.features)
    explainer = Lime(_torch_answer(question), interpretable_model=SkLearnLinearRegression())
    return explainer.attribute(whole, n_samples=question.calls, perturbations_per_eval=256).numpy()[0]


def captum_ablation(question: Question) -> np.ndarray:
    """captum's FeatureAblation: occlusion of one feature at a time."""
    import torch
    from captum.attr import FeatureAblation

    explainer = FeatureAblation(_torch_answer(question))
    whole = torch.ones(1, question.features)
    return explainer.attribute(whole, perturbations_per_eval=128).numpy()[0]


def shap_kernel(question: Question) -> np.ndarray:
    """shap's KernelExplainer, without its selection of features."""
    import shap

    nothing, everything = np.zeros((1, question.features)), np.ones((1, question.features))
    explainer = shap.KernelExplainer(question.answer, nothing, seed=question.seed)
    options = {"nsamples": question.calls, "l1_reg": False, "silent": True}
    return np.asarray(explainer.shap_values(everything, **options))[0]


def _shapiq_values(question: Question, approximator) -> np.ndarray:
    found = approximator.approximate(budget=question.calls, game=question.answer)
    weights = np.zeros(question.features)
    for subset, place in found.interaction_lookup.items():
        if len(subset) == 1:
            weights[subset[0]] = found.values[place]
    return weights


def shapiq_kernel(question: Question) -> np.ndarray:
    """shapiq's KernelSHAP with its pairing trick."""
    import shapiq

    chosen = shapiq.KernelSHAP(question.features, pairing_trick=True, random_state=question.seed)
    return _shapiq_values(question, chosen)


def shapiq_svarm(question: Question) -> np.ndarray:
    """shapiq's SVARM."""
    import shapiq

    return _shapiq_values(question, shapiq.SVARM(question.features, random_state=question.seed))


def shapiq_proxy(question: Question) -> np.ndarray:
    """shapiq's ProxySPEX: trees as a proxy, their strongest Fourier terms as Banzhaf values."""
    import shapiq

    chosen = shapiq.ProxySPEX(n=question.features, index="FBII", max_order=1, random_state=question.seed)
    return _shapiq_values(question, chosen)


def forest(question: Question) -> np.ndarray:
    """A random forest as surrogate (Bolanos 2025); the sign of an importance is that of the correlation."""
    from sklearn.ensemble import RandomForestRegressor

    masks = question.coins().astype(float)
    outputs = question.answer(masks)
    trees = RandomForestRegressor(100, random_state=question.seed).fit(masks, outputs)
    direction = (masks - masks.mean(0)).T @ (outputs - outputs.mean())
    return trees.feature_importances_ * np.sign(direction)


def integrated_gradients(question: Question, steps: int = 32) -> np.ndarray:
    """captum's integrated gradients on the mel spectrogram, shared out among stems by their power.

    It says nothing of words; it needs the network, not masks, and counts its forward and backward passes.
    """
    import torch
    from captum.attr import IntegratedGradients

    song, network = question.space.song, question.model.network
    read = torch.from_numpy(question.model.encode_lyrics([song.lyrics])).float()

    def probability(mel):
        logits = network.head(network.hear(mel), read.expand(len(mel), -1))
        return logits.softmax(-1)[:, question.column]

    mel = filterbank(song.audio[None], song.sample_rate)
    silence = torch.full_like(mel, SILENCE)
    found = IntegratedGradients(probability).attribute(mel, silence, n_steps=steps, internal_batch_size=16)
    question.asked += 2 * steps

    logs = filterbank(np.stack(list(song.stems.values())), song.sample_rate)
    power = (logs * 2 * STD + MEAN).exp()
    by_stem = (found * power / power.sum(0)).sum(-1).numpy()
    borders = question.space.borders / song.sample_rate * 100  # a frame is a hundredth of a second
    frame = np.searchsorted(borders[1:], np.arange(FRAMES), side="right")
    cells = [by_stem[:, frame == segment].sum(1) for segment in range(len(borders) - 1)]
    assert logs.shape[-1] == BINS
    return np.concatenate([*cells, np.zeros(question.words)])


# Which average over masks each method says that it estimates; "" where it names none, or one of its own.
PEERS = {
    "published procedure (lime's LimeBase)": (published, "banzhaf"),
    "lime: LimeTextExplainer": (lime_text, "lime"),
    "captum: Lime": (captum_lime, "banzhaf"),
    "captum: KernelShap": (captum_kernel_shap, "shapley"),
    "captum: FeatureAblation": (captum_ablation, "leave one out"),
    "captum: integrated gradients": (integrated_gradients, ""),
    "shap: KernelExplainer": (shap_kernel, "shapley"),
    "shapiq: KernelSHAP": (shapiq_kernel, "shapley"),
    "shapiq: SVARM": (shapiq_svarm, "shapley"),
    "shapiq: ProxySPEX": (shapiq_proxy, "banzhaf"),
    "random forest": (forest, ""),
    "audioLIME's procedure": (audiolime, ""),
    "FIxLIP, main effects": (fixlip, "banzhaf"),
}
SOUND_ONLY = ("captum: integrated gradients", "audioLIME's procedure")  # they say nothing of words


def with_weights(frame, label, weights):
    """An explanation that holds these weights for one class, and no errors."""
    every = np.zeros_like(frame.weights)
    every[frame.row(label)] = weights
    return replace(frame, weights=every, errors=np.zeros_like(every))


def answered(explainer, frame, song, label, calls: int, seed: int, methods=tuple(PEERS)):
    """Each peer's answer about one song, and a random one: (method, estimand, explanation, calls, seconds).

    `frame` is any explanation of the song: it lends its features.
    """
    for method in methods:
        weigh, estimand = PEERS[method]
        question = Question(explainer, song, label, calls, seed)
        if hasattr(question.model, "forget"):
            question.model.forget()  # so that every method pays for its own questions
        began = time.process_time()
        try:
            weights = weigh(question)
        except ImportError as error:
            tqdm.write(f"{method} is left out: {error}")
            continue
        seconds = time.process_time() - began
        yield method, estimand, with_weights(frame, label, weights), question.asked, seconds

    chance = np.random.default_rng([seed, 5]).normal(size=len(frame.features))
    yield "random", "", with_weights(frame, label, chance), 0, 0.0
