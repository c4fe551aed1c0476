"""preprocess marks the traces whose data or answer shows a breach of a contract, and says what each request cost."""

import json
from pathlib import Path
from typing import Any

import pytest

from hallmark_common import attributes
from tests.support.promises import write_promise

PERSON = {"age": 40.0, "city": "Bern", "note": "public"}


def as_json(*instances: object) -> dict[str, Any]:
    return {"json": json.dumps(instances).encode()}


async def kept(service: Any, model: str, given: dict[str, Any]) -> bool:
    service.spans.clear()
    await service.predict(model, **given)
    return attributes.KEEP in (await service.stage_span()).attributes


@pytest.mark.parametrize(
    ("promise", "broken", "fine"),
    [
        ({"metric": "out_of_range", "of": "age"}, {**PERSON, "age": 100.0}, PERSON),
        ({"metric": "error_ratios", "of": "city"}, {**PERSON, "city": "Oslo"}, PERSON),
        ({"metric": "validity", "operator": ">="}, {**PERSON, "city": "Oslo"}, PERSON),
        ({"metric": "distance", "aggregate": "mean", "threshold": 0.5}, {**PERSON, "age": 119.0}, PERSON),
    ],
)
async def test_data_that_is_not_as_promised(
    run_service: Any, tmp_path: Path, promise: dict[str, Any], broken: dict[str, Any], fine: dict[str, Any]
) -> None:
    write_promise(tmp_path, **{"operator": "<", "threshold": 0.1, "model": "risk", **promise})
    async with run_service(contracts_dir=tmp_path) as service:
        assert not await kept(service, "risk", as_json(fine))
        assert await kept(service, "risk", as_json(broken))
        assert await kept(service, "risk", as_json(fine, broken))


async def test_an_answer_less_sure_than_promised(run_service: Any, tmp_path: Path) -> None:
    write_promise(tmp_path, "confidence", ">=", 0.9, aggregate="p05", model="pick")
    async with run_service(contracts_dir=tmp_path) as service:
        assert not await kept(service, "pick", as_json([9.0, 0.0, 0.0]))
        assert await kept(service, "pick", as_json([1.0, 0.0, 0.0]))


async def test_a_missing_value_is_found_among_those_recorded(run_service: Any, tmp_path: Path) -> None:
    write_promise(tmp_path, "none_ratio", "<=", 0.1, of="age", model="risk")
    async with run_service(contracts_dir=tmp_path) as service:
        assert not await kept(service, "risk", as_json(PERSON))
        with pytest.raises(Exception, match="age"):
            await kept(service, "risk", as_json({**PERSON, "age": None}))
        assert attributes.KEEP in (await service.stage_span()).attributes


async def test_each_stage_says_what_the_request_cost(service: Any) -> None:
    await service.predict("risk", **as_json(PERSON))
    await service.stage_span()
    spans = [span.attributes for span in service.spans.get_finished_spans()]
    costs = {span[attributes.STAGE]: span[attributes.CPU_MS] for span in spans if attributes.STAGE in span}
    assert costs.keys() == {"preprocess", "inference"}
    assert all(cost > 0 for cost in costs.values())
