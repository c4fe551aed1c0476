"""A contract that cannot be read: one line for each fault, with the line and column of the key."""

from collections.abc import Callable

import pytest

Said = Callable[[str], list[str]]


def test_what_is_right_has_nothing_said_of_it(said: Said, good: str) -> None:
    assert said(good) == []


@pytest.mark.parametrize(
    ("before", "after", "wanted"),
    [
        ("consumer:", "consumre:", "2:1: consumre: no such key; did you mean consumer?"),
        ("consumer: web-shop\n", "", "1:1: consumer: is missing; name of the consumer, `anonymous`"),
        ("consumer: web-shop", 'consumer: "a;b"', "2:1: consumer: expected 1 to 128 printable ASCII characters"),
        ("consumer: web-shop", 'consumer: ""', '2:1: consumer: expected a name; write "*" for every consumer'),
        ("consumer: web-shop", "consumer: [a]", "2:1: consumer: expected a valid string, got ['a']"),
        ("name: shop", "name: Shop", "1:1: name: expected what matches ^[a-z0-9][a-z0-9-]{0,62}$, got 'Shop'"),
        ("model: {name: flights}", "model: flights", "3:1: model: expected keys and values, got 'flights'"),
        ("{name: flights}", "{nmae: flights}", "3:9: model.nmae: no such key; did you mean name?"),
        ("{name: flights}", "{name: flights, versions: [1.10]}", "3:35: model.versions[0]: expected a text, got the"),
        ("fast\n", "Fast one\n", "5:5: objectives[0].name: expected what matches"),
        ("response_time", "responce_time", "6:5: objectives[0].metric: no such metric: 'responce_time'; did you mean"),
        ("response_time", "zzz", "6:5: objectives[0].metric: no such metric: 'zzz'; docs/metrics.md lists them"),
        ("p95", "p96", "7:5: objectives[0].aggregate: response_time needs one of p50, p90, p95, p99, mean, max, got"),
        ("    aggregate: p95\n", "", "5:5: objectives[0].aggregate: response_time needs one of p50, p90, p95"),
        ("aggregate: p95", "of: preproces", "7:5: objectives[0].of: no such stage: 'preproces'; did you mean"),
        ('"<="', '"=<"', "8:5: objectives[0].operator: expected '<', '<=', '>' or '>=', got '=<'"),
        ("0.2", "5%", "9:5: objectives[0].threshold: expected a number in s, or a time such as 200ms, got '5%'"),
        ("0.2", ".nan", "9:5: objectives[0].threshold: expected a finite number, got nan"),
        ("0.2", "-1", "9:5: objectives[0].threshold: expected at least 0, got -1"),
        ("0.2", "[1]", "9:5: objectives[0].threshold: expected a valid number, got [1]"),
        ("1m", "2m", "10:5: objectives[0].window: expected '10s', '1m', '1h' or '1d', got '2m'"),
        ("objectives:\n", "objectives: []\nold:\n", "4:1: objectives: expected at least 1"),
    ],
)
def test_a_fault_is_named_with_its_place(said: Said, good: str, before: str, after: str, wanted: str) -> None:
    assert before in good
    lines = said(good.replace(before, after, 1))
    assert [line for line in lines if line.startswith(wanted)], lines


@pytest.mark.parametrize(
    ("more", "wanted"),
    [
        ("least_count: 0", "11:5: objectives[0].least_count: expected greater than or equal to 1, got 0"),
        ("coverage: 1.5", "11:5: objectives[0].coverage: expected less than or equal to 1, got 1.5"),
        ("segment: {a: b, c: d}", "11:5: objectives[0].segment: expected one dimension and its value, such as"),
        ("segment: {a: 1.5}", "11:5: objectives[0].segment: expected a text, got the number 1.5"),
        ("severity: bad", "11:5: objectives[0].severity: expected 'info', 'warning' or 'critical', got 'bad'"),
        ("budget: {target: 1, period: 7d}", "11:14: objectives[0].budget.target: expected less than 1, got 1"),
        (
            "budget: {target: 99 percent, period: 7d}",
            "11:14: objectives[0].budget.target: expected a number from 0 to 1",
        ),
        ("budget: {target: 100%, period: 7d}", "11:14: objectives[0].budget.target: expected less than 1, got 1.0"),
        ("budget: {target: 0.9, period: 7}", "11:27: objectives[0].budget.period: expected a time such as 90s"),
        ("budget: {target: 0.9}", "11:5: objectives[0].budget.period: is missing; what the share is taken of"),
        ("window: 1h", "11:5: objectives[0].window: stands here twice, first on line 10; remove one"),
        ("_: 1", "11:5: objectives[0]._: no such key; known are name, description, metric"),
    ],
)
def test_a_fault_of_an_optional_key_is_named_with_its_place(said: Said, good: str, more: str, wanted: str) -> None:
    (line,) = said(f"{good}    {more}\n")
    assert line.startswith(wanted)


@pytest.mark.parametrize(
    ("metric", "of", "wanted"),
    [
        ("accuracy", "x", "accuracy is of nothing in particular; leave `of` out"),
        ("stage_time", "", "stage_time needs `of`: one of web, preprocess, inference"),
        ("psi", "", "psi needs `of`: a column of the model"),
        ("error_ratio", "UNAVAILABEL", "no such gRPC status: 'UNAVAILABEL'; did you mean UNAVAILABLE?"),
        ("spread", "accuracy", "expected a figure and a dimension, such as 'accuracy by carrier', got 'accuracy'"),
        ("spread", "acuracy by c", "no such metric: 'acuracy'; did you mean accuracy?"),
        ("spread", "spread[accuracy by a].ratio by c", "there is no spread of a spread; write another figure"),
        ("spread", "response_time by c", "response_time needs one of p50, p90, p95, p99, mean, max"),
        ("spread", "recall[late].p95 by c", "recall is one value; leave `aggregate` out"),
        ("spread", "stage_time[wbe].p95 by c", "no such stage: 'wbe'; did you mean web?"),
    ],
)
def test_what_a_metric_is_of_must_fit(said: Said, good: str, metric: str, of: str, wanted: str) -> None:
    lines = said(
        good.replace("response_time", metric).replace("aggregate: p95", f"of: '{of}'" if of else "severity: info")
    )
    assert [line for line in lines if ": objectives[0].of: " in line and wanted in line], lines


@pytest.mark.parametrize(
    "day", ["2013-13-01", "July", "2013", "2013-07-01T25:00:00Z", "20130701", "2013-W27", "7", "[]"]
)
def test_a_day_that_is_none_is_refused(said: Said, good: str, day: str) -> None:
    (line,) = said(f"{good}valid: {{from: {day}}}\n")
    assert line.startswith("11:9: valid.from: expected ")


def test_every_fault_of_a_file_is_found_in_the_order_of_lines(said: Said) -> None:
    lines = said(
        """\
name: shop
titel: x
consumer: web-shop
consumer: again
model: {name: flights}
objectives:
  - {name: a, metric: acuracy, operator: ">=", threshold: 95, window: 1h}
  - {name: b, metric: accuracy, operator: ">=", threshold: 95, window: 1h, least_count: 0}
  - {name: b, metric: stage_time, of: wbe, operator: "<", threshold: 5%, window: 1h}
  - {name: c, metric: validity, operator: ">=", threshold: 0.9, window: 1h, budget: {target: 0.9, period: 90s}}
  - {name: c, metric: validity, operator: ">=", threshold: 0.9, window: 1h}
silences: [{from: 2013-01-01, until: 2012}]
"""
    )
    assert [line.split(": ")[1] for line in lines] == [
        "titel",
        "consumer",
        "objectives[0].metric",
        "objectives[1].threshold",
        "objectives[1].least_count",
        "objectives[2].aggregate",
        "objectives[2].of",
        "objectives[2].threshold",
        "objectives[3].budget.period",
        "objectives[4].name",
        "silences[0].reason",
        "silences[0].until",
    ]
