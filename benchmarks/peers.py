"""Other people's explainers behind one door: the peers' own code, asked about the masks of one song.

Each function takes a `Question` and gives one weight a feature. `pip install musiclime[exam]` brings them.
"""

import numpy as np

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
    from lime.lime_base import LimeBase
    from sklearn.metrics import pairwise_distances

    masks = question.coins().astype(float)
    outputs = question.answer(masks)[:, None]
    distances = pairwise_distances(masks, masks[:1], metric="cosine").ravel()
    base = LimeBase(lambda distance: np.sqrt(np.exp(-((distance / 25) ** 2))), random_state=question.seed)
    pairs = base.explain_instance_with_data(masks, outputs, distances, 0, num_features=question.features)[1]
    weights = np.zeros(question.features)
    for feature, weight in pairs:
        weights[feature] = weight
    return weights


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
