"""Parts of pictures, found by their labels."""

from matplotlib.axes import Axes
from matplotlib.figure import Figure


def axes_of(figure: Figure, label: str) -> Axes:
    """Find the only axes with a label."""
    (axes,) = (axes for axes in figure.findobj(Axes) if axes.get_label() == label)
    return axes
