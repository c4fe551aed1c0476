"""SVG elements from Python: everything that is not markup already is escaped."""

from markupsafe import Markup, escape

Attribute = str | float | int | None


def element(name: str, *children: Markup | str, **attributes: Attribute) -> Markup:
    """One element. ``class_`` is the attribute ``class``, an underscore inside a name is a hyphen, None leaves it out.

    Names are those of our own code; values and children may come from anywhere.
    """
    written = Markup("").join(
        Markup(' {}="{}"').format(Markup(key.rstrip("_").replace("_", "-")), number(value))
        for key, value in attributes.items()
        if value is not None
    )
    inside = Markup("").join(escape(child) for child in children)
    if not children:
        return Markup("<{}{}/>").format(Markup(name), written)
    return Markup("<{0}{1}>{2}</{0}>").format(Markup(name), written, inside)


def number(value: Attribute) -> str:
    """A coordinate to a tenth of a pixel, which is finer than a screen; text as it is."""
    if not isinstance(value, float):
        return str(value)
    short = f"{value:.1f}".removesuffix(".0")
    return "0" if short == "-0" else short


def picture(
    width: float, height: float, description: str, *children: Markup, class_: str = "plot", **attributes: Attribute
) -> Markup:
    """A whole picture that a screen reader reads as its description."""
    return element(
        "svg",
        *children,
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {number(width)} {number(height)}",
        class_=class_,
        role="img",
        aria_label=description,
        **attributes,
    )


def path(points: list[tuple[float, float]]) -> str:
    """A line through points as path data; a single point is drawn as a dot by a round line cap."""
    if not points:
        return ""
    (x, y), *rest = points
    head = f"M{number(x)} {number(y)}"
    return head + ("".join(f"L{number(x)} {number(y)}" for x, y in rest) or "h0")
