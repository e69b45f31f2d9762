"""A panel for a live notebook: mute cells and words, and ask the real model each time."""

from collections.abc import Callable
from typing import Any

import numpy as np

from ...data.song import Song
from ...explain.explanation import Explanation
from .player import space


def explore(explanation: Explanation, predict: Any, song: Song) -> Any:
    """Toggles for every cell and word; each change asks the model again.

    Args:
        explanation: whose features are shown.
        predict: the model, or a function (audio, lyrics) -> outputs.
        song: the song that was explained.

    Returns:
        An ipywidgets box.

    (chapter *Your song*)
    """
    import ipywidgets

    rate = getattr(predict, "sample_rate", song.sample_rate)
    panel = _Panel(explanation, getattr(predict, "predict", predict), space(explanation, song, rate))
    panel.ask_model()
    return ipywidgets.VBox(panel.rows())


class _Panel:
    """The panel's toggles and bars, and what happens when one is pressed."""

    def __init__(self, explanation: Explanation, ask: Callable[..., Any], inner: Any) -> None:
        import ipywidgets

        self.explanation, self.ask, self.inner = explanation, ask, inner
        self.rate = inner.song.sample_rate
        self.cells = len(inner.audio)
        self.toggles = [_toggle(explanation, place) for place in range(len(explanation.features))]
        wide = ipywidgets.Layout(width="180px")
        self.bars = [ipywidgets.FloatProgress(min=0, max=1, layout=wide) for _ in explanation.classes]
        self.numbers = [ipywidgets.Label() for _ in explanation.classes]
        self.hear = ipywidgets.Button(description="hear this mix")
        self.heard = ipywidgets.Output()
        for toggle in self.toggles:
            toggle.observe(self.ask_model, "value")
        self.hear.on_click(self.listen)

    def mask(self) -> np.ndarray:
        """(1, features), true where a feature is on."""
        return np.array([[toggle.value for toggle in self.toggles]])

    def ask_model(self, _: Any = None) -> None:
        """Show what the model and the sum of weights say of the present mix."""
        on = self.mask()
        audio = self.inner.mix(on[:, : self.cells]).astype(np.float32)
        answers = np.asarray(self.ask(audio, self.inner.texts(on[:, self.cells :])))[0]
        estimates = self.explanation.intercept + self.explanation.weights @ on[0]
        for bar, number, answer, estimate in zip(self.bars, self.numbers, answers, estimates):
            bar.value = float(np.clip(answer, 0, 1))
            number.value = f"model {answer:.2f}, sum of weights {estimate:.2f}"

    def listen(self, _: Any) -> None:
        """Play the present mix."""
        from IPython.display import Audio, display

        self.heard.clear_output()
        with self.heard:
            mix = self.inner.mix(self.mask()[:, : self.cells])[0]
            display(Audio(mix, rate=self.rate, normalize=False))

    def rows(self) -> list:
        """The panel from top to bottom: stems, words, classes, sound."""
        import ipywidgets

        def row(name: str, *boxes: Any) -> Any:
            label = ipywidgets.Label(name, layout=ipywidgets.Layout(width="130px"))
            return ipywidgets.HBox([label, *boxes])

        by_stem: dict[str, list] = {}
        for toggle, cell in zip(self.toggles, self.inner.audio):
            by_stem.setdefault(cell.stem, []).append(toggle)
        stems = [row(stem, *toggles) for stem, toggles in by_stem.items()]
        wrapped = ipywidgets.Layout(flex_flow="row wrap")
        words = ipywidgets.HBox(self.toggles[self.cells :], layout=wrapped)
        said = [row(*three) for three in zip(self.explanation.classes, self.bars, self.numbers)]
        return [*stems, words, *said, self.hear, self.heard]


def _toggle(explanation: Explanation, place: int) -> Any:
    """A button for one feature, with the sign of its weight and, on hover, its weight and error."""
    import ipywidgets

    row = explanation.row(explanation.label)
    feature = explanation.features[place]
    weight, error = explanation.weights[row, place], explanation.errors[row, place]
    sign = "+" if weight > 0 else "\u2212"
    if abs(weight) < 1.96 * error:
        sign = "\u00b7"  # it could be zero
    return ipywidgets.ToggleButton(
        value=True,
        layout=ipywidgets.Layout(width="auto" if feature.text else "44px"),
        description=f"{feature.text[:40]} {sign}".strip(),
        tooltip=f"{feature.name}: {weight:+.3f} \u00b1 {error:.3f} for {explanation.label}",
    )
