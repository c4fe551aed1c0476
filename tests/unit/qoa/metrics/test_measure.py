"""Every figure of the catalogue equals what other means make of the same records, within its stated error."""

from collections.abc import Mapping

import pytest

from hallmark_common.catalogue import ANSWERS, CATALOGUE, resolve
from hallmark_qoa.metrics.figure import Cell, Figure
from hallmark_qoa.metrics.measure import measure, measure_all
from hallmark_qoa.metrics.observe import ALL, observe
from tests.unit.qoa.metrics.references import DISTRIBUTIONS, VALUES, aggregated
from tests.unit.qoa.metrics.worlds import SECONDS, World, flights, made_up

WORLDS = {
    "probability": made_up("probability", 1, 400),
    "number": made_up("number", 2, 400),
    "classes": made_up("classes", 3, 400),
    "few": made_up("probability", 4, 3),
    "flights": flights(500),
}
ROUNDING = 1e-9
DRIFT_OF_NUMBERS = 0.04
"""How far a divergence may be off: shares of the training data are read off its quantiles, and are so up to 0.02."""
P_VALUE = 0.025
"""How much less than SciPy's a p-value may be; it may be more, as it is that of the least distance."""
DIVERGENCES = {metric.name for metric in CATALOGUE.values() if metric.dimension == "drift"} - {
    "kolmogorov_smirnov", "ks_p_value", "wasserstein",
}  # fmt: skip


def cell_of(world: World) -> Cell:
    """All series of a world as one."""
    found = observe(world.records, world.context)
    whole: dict[str, Cell] = {}
    for (_, segment), aggregate in found.items():
        whole.setdefault(segment, Cell(type(aggregate)())).total.merge(aggregate)
    parts = {segment: cell.total for segment, cell in whole.items() if segment != ALL}
    return Cell(whole[ALL].total, parts, SECONDS)


CELLS = {name: cell_of(world) for name, world in WORLDS.items()}
FIGURES: Mapping[str, Mapping[str, Figure]] = {
    name: measure_all(cell, WORLDS[name].context) for name, cell in CELLS.items()
}
PAIRS = [
    (name, metric) for name, figures in FIGURES.items() for metric in dict.fromkeys(resolve(k)[0].name for k in figures)
]


@pytest.mark.parametrize(("name", "metric"), PAIRS)
def test_figures_are_what_other_means_make_of_them(name: str, metric: str) -> None:
    for key, figure in FIGURES[name].items():
        if resolve(key)[0].name == metric:
            _compare(WORLDS[name], key, figure)


def _compare(world: World, key: str, figure: Figure) -> None:
    metric, of, aggregate = resolve(key)
    try:
        expected = (
            aggregated(DISTRIBUTIONS[metric.name](world, of), aggregate)
            if metric.name in DISTRIBUTIONS
            else VALUES[metric.name](world, of)
        )
    except LookupError:  # the training data of the flights is not at hand
        return
    if expected is None or figure.value is None:
        assert figure.value is expected is None, key
    elif metric.name == "ks_p_value":
        assert figure.value - figure.error - P_VALUE <= expected <= figure.value + P_VALUE, key
    else:
        allowed = figure.error + ROUNDING * max(1.0, abs(expected))
        if metric.name in DIVERGENCES and (of in world.trained or (of == ANSWERS and "value" in world.trained)):
            allowed += DRIFT_OF_NUMBERS * max(1.0, expected)
        assert figure.value == pytest.approx(expected, rel=0, abs=allowed), key


def test_every_metric_has_a_reference_and_a_value_somewhere() -> None:
    assert {*DISTRIBUTIONS, *VALUES, "spread"} == set(CATALOGUE)
    told = {
        resolve(key)[0].name for figures in FIGURES.values() for key, one in figures.items() if one.value is not None
    }
    assert told | {"spread"} == set(CATALOGUE)


@pytest.mark.parametrize("name", WORLDS)
def test_only_estimates_have_an_error(name: str) -> None:
    estimates = {"auc", "kolmogorov_smirnov", "ks_p_value", "wasserstein", *DISTRIBUTIONS}
    for key, figure in FIGURES[name].items():
        metric, _, aggregate = resolve(key)
        if metric.name not in estimates or aggregate in ("mean", "sum"):
            assert figure.error == 0.0, key
        if metric.name in DISTRIBUTIONS and figure.value is not None:
            assert figure.error <= 0.0051 * abs(figure.value), key


def test_what_is_asked_for_by_key_is_there_without_samples() -> None:
    only = ("psi", "accuracy", "recall[nobody]", "spread[accuracy by nothing].difference")
    found = measure_all(Cell(CELLS["number"].total), WORLDS["number"].context, only)
    assert found["recall[nobody]"] == found["spread[accuracy by nothing].difference"] == Figure(None, 0)
    assert "accuracy" not in found
    assert {resolve(key)[0].name for key in found} == {"psi", "recall", "spread"}


def test_unknown_figure_is_refused() -> None:
    with pytest.raises(ValueError, match="there is no metric 'acuracy'"):
        measure(CELLS["few"], WORLDS["few"].context, "acuracy")
