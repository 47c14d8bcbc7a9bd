"""Charts as SVG, made on the server: no script, and a gap is drawn as a gap.

A line of means over a band from minimum to maximum, at most a few hundred points; the
numbers stand in a table beside every chart, so a chart is never the only way to them.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape

from markupsafe import Markup

from domain.bucket import Bucket
from domain.window import Window

WIDTH, HEIGHT, _LEFT, _TOP, _BOTTOM = 340.0, 160.0, 46.0, 10.0, 24.0
_CIRCLE = (0.0, 360.0)


@dataclass(frozen=True, slots=True)
class Frame:
    """What a chart shows: its window, its title for screen readers, axis labels, good band.

    ``possible`` is the range a value can have at all; the axis never leaves it. ``number``
    writes a value with so many decimals as the reader's language does.
    """

    window: Window
    step_ms: int
    title: str
    first_label: str
    last_label: str
    number: Callable[[float, int], str]
    possible: tuple[float, float] = (-math.inf, math.inf)
    band: tuple[float, float] | None = None
    bars: bool = False
    circular: bool = False


def chart(frame: Frame, buckets: Sequence[Bucket]) -> Markup:
    """Return the chart of ``buckets``, which lie inside the frame's window in order."""
    shown = [b for b in buckets if b.n and (b.last if frame.circular else b.minimum) is not None]
    if not shown:
        return Markup("")
    scale = _Scale.over(frame, shown)
    parts = [_axis(frame, scale)]
    if frame.band:
        parts.append(_band(frame.band, scale))
    draw = _dots if frame.circular else _bars if frame.bars else _lines
    parts.append(draw(shown, frame, scale))
    head = (
        f'<svg viewBox="0 0 {WIDTH:g} {HEIGHT:g}" role="img" aria-label="{escape(frame.title)}"'
        ' class="chart" xmlns="http://www.w3.org/2000/svg">'
    )
    return Markup(head + "".join(parts) + "</svg>")  # noqa: S704 - built from numbers, text escaped


@dataclass(frozen=True, slots=True)
class _Scale:
    """From values to places; the ends and the steps between them are round numbers."""

    window: Window
    low: float
    high: float
    step: float

    @classmethod
    def over(cls, frame: Frame, buckets: Sequence[Bucket]) -> "_Scale":
        if frame.circular:
            return cls(frame.window, *_CIRCLE, 90.0)
        lows = [0.0] if frame.bars else [b.minimum or 0.0 for b in buckets]
        highs = [(b.total if frame.bars else b.maximum) or 0.0 for b in buckets]
        low, high = min(lows), max(highs)
        step = _round_step((high - low) or max(abs(high), 1.0))
        bottom, top = math.floor(low / step) * step, math.ceil(high / step) * step
        top = top if top > bottom else bottom + step
        return cls(
            frame.window, max(bottom, min(low, frame.possible[0])),
            min(top, max(high, frame.possible[1])), step,
        )  # fmt: skip

    def marks(self) -> list[float]:
        """Return the values that the axis names."""
        first, last = math.ceil(self.low / self.step), math.floor(self.high / self.step)
        return [n * self.step for n in range(first, last + 1)]

    def x(self, time_ms: float) -> float:
        share = (time_ms - self.window.start_ms) / max(1, self.window.length_ms)
        return round(_LEFT + share * (WIDTH - _LEFT - 4), 1)

    def y(self, value: float) -> float:
        share = (value - self.low) / (self.high - self.low)
        return round(HEIGHT - _BOTTOM - min(1.0, max(0.0, share)) * (HEIGHT - _BOTTOM - _TOP), 1)


def _round_step(length: float) -> float:
    """Return the step of 1, 2 or 5 times a power of ten that cuts a length in two to five."""
    power = 10.0 ** math.floor(math.log10(length))
    return next(n * power for n in (0.2, 0.5, 1.0, 2.0, 5.0) if length / (n * power) <= 5)


def _axis(frame: Frame, scale: _Scale) -> str:
    marks = []
    decimals = max(0, -math.floor(math.log10(scale.step) + 1e-9))
    for value in scale.marks():
        y = scale.y(value)
        said = escape(frame.number(value, decimals))
        marks.append(f'<path class="grid" d="M{_LEFT:g} {y}H{WIDTH:g}"/>')
        marks.append(f'<text x="{_LEFT - 4:g}" y="{y + 4:.1f}" class="r">{said}</text>')
    y = HEIGHT - 4
    marks.append(f'<text x="{_LEFT:g}" y="{y:g}">{escape(frame.first_label)}</text>')
    marks.append(f'<text x="{WIDTH:g}" y="{y:g}" class="r">{escape(frame.last_label)}</text>')
    return "".join(marks)


def _band(band: tuple[float, float], scale: _Scale) -> str:
    top, bottom = scale.y(band[1]), scale.y(band[0])
    return (
        f'<rect class="good" x="{_LEFT:g}" y="{top}" width="{WIDTH - _LEFT:g}"'
        f' height="{max(0.0, bottom - top):.1f}"/>'
    )


def _lines(buckets: Sequence[Bucket], frame: Frame, scale: _Scale) -> str:
    out = []
    for run in _runs(buckets, frame.step_ms):
        xs = [scale.x(b.start_ms + frame.step_ms / 2) for b in run]
        over = [f"{x} {scale.y(b.maximum or 0)}" for x, b in zip(xs, run, strict=True)]
        under = [f"{x} {scale.y(b.minimum or 0)}" for x, b in zip(xs, run, strict=True)]
        means = [f"{x} {scale.y(b.mean or 0)}" for x, b in zip(xs, run, strict=True)]
        if len(run) == 1:
            out.append(f'<circle class="dot" cx="{xs[0]}" cy="{means[0].split()[1]}" r="2"/>')
            continue
        out.append(f'<path class="range" d="M{"L".join(over)}L{"L".join(reversed(under))}Z"/>')
        out.append(f'<path class="line" d="M{"L".join(means)}"/>')
    return "".join(out)


def _dots(buckets: Sequence[Bucket], frame: Frame, scale: _Scale) -> str:
    """Directions, each as measured last: a line or a mean would pass through what never was."""
    return "".join(
        f'<circle class="dot" cx="{scale.x(b.start_ms + frame.step_ms / 2)}"'
        f' cy="{scale.y(b.last or 0)}" r="1.6"/>'
        for b in buckets
    )


def _bars(buckets: Sequence[Bucket], frame: Frame, scale: _Scale) -> str:
    base = scale.y(0)
    wide = max(1.0, scale.x(frame.window.start_ms + frame.step_ms) - _LEFT - 0.6)
    return "".join(
        f'<rect class="bar" x="{scale.x(b.start_ms)}" y="{scale.y(b.total or 0)}"'
        f' width="{wide:.1f}" height="{base - scale.y(b.total or 0):.1f}"/>'
        for b in buckets
        if b.total
    )


def _runs(buckets: Sequence[Bucket], step_ms: int) -> list[list[Bucket]]:
    """Split where a bucket is missing: nothing is drawn across a gap."""
    runs: list[list[Bucket]] = [[]]
    for bucket in buckets:
        if runs[-1] and bucket.start_ms - runs[-1][-1].start_ms > 1.5 * step_ms:
            runs.append([])
        runs[-1].append(bucket)
    return [run for run in runs if run]
