"""A panel for a live notebook: switch cells and words, and ask the real model each time."""

import numpy as np

from ...data.song import Song
from ...explain.explanation import Explanation
from .player import space


def explore(explanation: Explanation, predict, song: Song):
    """Toggles for every cell and word; each change calls the model anew (chapter *Your song*)."""
    import ipywidgets as w
    from IPython.display import Audio, display

    rate, ask = getattr(predict, "sample_rate", song.sample_rate), getattr(predict, "predict", predict)
    inner, c = space(explanation, song, rate), explanation.row(explanation.label)
    cells, wide, toggles = len(inner.audio), (lambda width: w.Layout(width=width)), []
    for feature, weight, error in zip(explanation.features, explanation.weights[c], explanation.errors[c]):
        sign = "\u00b7" if abs(weight) < 1.96 * error else "\u2212" if weight < 0 else "+"
        about = {"tooltip": f"{feature.name}: {weight:+.3f} \u00b1 {error:.3f} for {explanation.label}"}
        about |= {"description": f"{feature.text[:40]} {sign}".strip()}
        toggles.append(w.ToggleButton(value=True, layout=wide("auto" if feature.text else "44px"), **about))
    bars = [w.FloatProgress(min=0, max=1, layout=wide("180px")) for _ in explanation.classes]
    numbers, heard, hear = [w.Label() for _ in bars], w.Output(), w.Button(description="hear this mix")
    mix = lambda on: inner.mix(on[:, :cells]).astype(np.float32)  # noqa: E731
    mask = lambda: np.array([[button.value for button in toggles]])  # noqa: E731

    def answer(_=None):
        real = np.asarray(ask(mix(on := mask()), inner.texts(on[:, cells:])))[0]
        guess = explanation.intercept + explanation.weights @ on[0]
        for bar, number, p, s in zip(bars, numbers, real, guess):
            bar.value, number.value = float(np.clip(p, 0, 1)), f"model {p:.2f}, surrogate {s:.2f}"

    def listen(_):
        heard.clear_output()
        with heard:
            display(Audio(mix(mask())[0], rate=rate, normalize=False))

    for button in toggles:
        button.observe(answer, "value")
    hear.on_click(listen)
    answer()
    row = lambda name, *boxes: w.HBox([w.Label(name, layout=wide("130px")), *boxes])  # noqa: E731
    pairs, stems = list(zip(toggles, inner.audio)), dict.fromkeys(feature.stem for feature in inner.audio)
    grid = [row(stem, *(button for button, cell in pairs if cell.stem == stem)) for stem in stems]
    words = w.HBox(toggles[cells:], layout=w.Layout(flex_flow="row wrap"))
    said = [row(*three) for three in zip(explanation.classes, bars, numbers)]
    return w.VBox([*grid, words, *said, hear, heard])
