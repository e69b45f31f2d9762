"""A panel for a live notebook: mute cells and words, and ask the real model each time."""

import html
from collections.abc import Callable
from typing import Any

import ipywidgets
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
        A `Panel`: an ipywidgets box, which a notebook shows.

    (chapter *Explain*)
    """
    rate = getattr(predict, "sample_rate", song.sample_rate)
    panel = Panel(explanation, getattr(predict, "predict", predict), space(explanation, song, rate))
    panel.ask_model()
    return panel


class Panel(ipywidgets.VBox):
    """The panel's toggles and bars, and what happens when one is pressed."""

    def __init__(self, explanation: Explanation, ask: Callable[..., Any], inner: Any) -> None:
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
        super().__init__(self.rows())

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

    def switch(self, name: str, on: bool) -> None:
        """Press one toggle, as a hand would.

        Args:
            name: of a feature, such as drums3 or a word.
            on: whether it is to be heard or read.
        """
        names = [feature.name for feature in self.explanation.features]
        if name not in names:
            raise ValueError(
                f"the explanation has no feature {name!r}: it has {', '.join(names[:5])} and more"
            )
        self.toggles[names.index(name)].value = on

    def picture(self) -> str:
        """The panel as it stands, as HTML that nobody can press: for a page without a kernel."""
        by_stem: dict[str, list[str]] = {}
        for toggle, cell in zip(self.toggles, self.inner.audio):
            by_stem.setdefault(cell.stem, []).append(_drawn(toggle))
        rows = [f"<p><span>{html.escape(stem)}</span>{''.join(drawn)}</p>" for stem, drawn in by_stem.items()]
        rows.append(f"<p>{' '.join(_drawn(toggle) for toggle in self.toggles[self.cells :])}</p>")
        for name, bar, number in zip(self.explanation.classes, self.bars, self.numbers):
            label = html.escape(name)
            rows.append(
                f'<p><span>{label}</span><progress max="1" value="{bar.value:.3f}" aria-label="{label}">'
                f"</progress> {html.escape(number.value)}</p>"
            )
        return f'<div class="ml-panel">{"".join(rows)}</div>'

    def listen(self, _: Any) -> None:
        """Play the present mix."""
        from IPython.display import Audio, display

        self.heard.clear_output()
        with self.heard:
            mix = self.inner.mix(self.mask()[:, : self.cells])[0]
            display(Audio(mix, rate=self.rate, normalize=False))

    def rows(self) -> list:
        """The panel from top to bottom: stems, words, classes, sound."""

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


def _drawn(toggle: Any) -> str:
    """A toggle as text in a frame; struck through where it is off."""
    text = html.escape(toggle.description)
    return f"<b>{text}</b>" if toggle.value else f"<s>{text}</s>"


def _toggle(explanation: Explanation, place: int) -> Any:
    """A button for one feature, with the sign of its weight and, on hover, its weight and error."""
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
