"""`hallmark contracts check` and `hallmark batch` on the records of a real engine."""

import json
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.integration.batch.conftest import OBJECTIVES, PREDICTIONS
from tests.support.predictions import T0_NS, S, objective, write_contract

Hallmark = Callable[..., Awaitable[Any]]


def at(seconds: int) -> str:
    return datetime.fromtimestamp(T0_NS // S + seconds, UTC).isoformat()


async def told(hallmark: Hallmark, *arguments: str) -> Any:
    done = await hallmark(*arguments)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


async def test_what_is_recomputed_is_what_the_engine_reports(hallmark: Hallmark) -> None:
    reported = await told(hallmark, "report", "--json", "--window", "1m")
    assert len(reported) >= 5
    assert await told(hallmark, "batch", "recompute", "--json", "--window", "1m") == reported
    part = await told(hallmark, "batch", "recompute", "--json", "--window", "1m", "--from", at(60), "--until", at(180))
    starts = sorted({window["window"]["start"] for window in reported})[1:3]
    assert part == [window for window in reported if window["window"]["start"] in starts]
    segments = await told(hallmark, "report", "--json", "--window", "1m", "--segment", "*", "--metric", "accuracy")
    again = await told(
        hallmark, "batch", "recompute", "--json", "--window", "1m", "--segment", "*", "--metric", "accuracy"
    )
    assert again == segments
    assert len(again) > len(reported)


async def test_a_backtest_counts_the_verdicts_that_the_engine_gave(hallmark: Hallmark, folder: Path) -> None:
    reported = await told(hallmark, "report", "--json", "--window", "1m")
    words = Counter((one["objective"], one["verdict"]) for window in reported for one in window["verdicts"])
    (checked,) = (await told(hallmark, "contracts", "check", "--json"))["contracts"]
    assert checked["backtest"]["records"] == PREDICTIONS
    for found in checked["backtest"]["objectives"]:
        assert [found[word] for word in ("pass", "violated", "unknown")] == [
            words[found["name"], word] for word in ("pass", "violated", "unknown")
        ]
    assert checked["backtest"]["violated"] > 0
    done = await hallmark("contracts", "check", "--no-backtest", str(folder / "contracts"))
    assert (done.returncode, len(done.stdout.splitlines()), done.stderr) == (0, 1, "")


async def test_a_contract_that_the_engine_does_not_have(hallmark: Hallmark, tmp_path: Path) -> None:
    impossible = [objective("at-once", "response_time", "<=", 1e-9, aggregate="p50", window="1m")]
    file = write_contract(tmp_path, [*OBJECTIVES, *impossible], name="other", completeness=0)
    done = await hallmark("contracts", "check", "--backtest", str(file))
    assert done.returncode == 0
    (line,) = (line for line in done.stdout.splitlines() if line.strip().startswith("at-once"))
    assert line.split()[1] == line.split()[2] != "0", "violated in every window"
    assert "most often blamed on stage" in done.stdout
    windows = await told(hallmark, "batch", "recompute", "--json", "--contract", str(file))
    assert {window["verdict"] for window in windows} == {"violated"}


async def test_another_reference(hallmark: Hallmark) -> None:
    key = "kolmogorov_smirnov[size]"
    same = ("batch", "recompute", "--json", "--model", "m", "--window", "1h", "--metric", key)

    async def drift(*reference: str) -> list[float | None]:
        return [window["metrics"][key] for window in await told(hallmark, *same, *reference)]

    assert set(await drift()) == {None}, "the model has no reference profile"
    with_itself = await drift("--reference-from", at(-3600))
    with_its_start = await drift("--reference-from", at(0), "--reference-until", at(20))
    assert None not in (*with_itself, *with_its_start)
    assert max(with_itself) < max(with_its_start)


async def test_files(hallmark: Hallmark, tmp_path: Path) -> None:
    page, data = tmp_path / "page.html", tmp_path / "data.json"
    assert (await hallmark("batch", "recompute", "--html", str(page))).returncode == 0
    assert (await hallmark("batch", "recompute", "--out", str(data))).returncode == 0
    assert "right" in page.read_text()
    assert {window["window"]["size"] for window in json.loads(data.read_text())} == {"1m"}


@pytest.mark.timeout(400)  # Evidently alone takes half a minute to import on a busy machine
async def test_the_folder_of_a_day(hallmark: Hallmark, tmp_path: Path) -> None:
    day = at(0)[:10]
    done = await hallmark("batch", "day", "--day", day, "--folder", str(tmp_path), "--model", "m")
    assert done.returncode == 0, done.stderr
    names = sorted(path.name for path in (tmp_path / day).iterdir())
    assert names == ["evidently-m-answers.html", "evidently-m.html", "evidently-m.json", "report.html", "report.json"]


async def test_errors_are_one_line(hallmark: Hallmark) -> None:
    for arguments, said in (
        (("recompute", "--reference", "x.json"), "--model: is needed"),
        (("recompute", "--model", "m", "--reference", "x.json"), "x.json: no such file"),
        (("recompute", "--model", "m", "--reference-until", "2001-01-02"), "no values"),
        (("recompute", "--from", "yesterday"), "--from 'yesterday': expected a time"),
        (("recompute", "--json", "--html", "x.html"), "give one of them"),
        (("day", "--day", "tomorrow"), "--day 'tomorrow': expected a date"),
        (("evidently", "--model", "m"), "--html or --json"),
    ):  # fmt: skip
        done = await hallmark("batch", *arguments)
        assert (done.returncode != 0, done.stdout) == (True, "")
        (line,) = done.stderr.splitlines()
        assert said in line
