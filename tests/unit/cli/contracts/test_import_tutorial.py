"""`hallmark contracts import` of the tutorial form: users, and the most time of each stage."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.promises import read_promise

Hallmark = Callable[..., Any]

TUTORIAL: dict[str, Any] = {
    "application": "Late flights, course 3",
    "user": ["Ada", "desk-1"],
    "stages": {
        "gateway": {"response_time_threshold": 0.25},
        "pre_processing": {"response_time_threshold": 0.05},
        "ml_inference": {"response_time_threshold": 0.1},
    },
}


def write(here: Path, document: object, name: str = "contract.json") -> str:
    text = json.dumps(document, indent="\t") if name.endswith(".json") else yaml.safe_dump(document, sort_keys=False)
    (here / name).write_text(text)
    return name


@pytest.mark.parametrize("name", ["contract.json", "contract.yaml"])
def test_a_contract_is_written_for_each_user(hallmark: Hallmark, here: Path, name: str) -> None:
    done = hallmark("import", write(here, TUTORIAL, name), "--model", "flights")
    assert (done.code, done.err) == (0, [])
    assert done.out == [
        "wrote contracts/late-flights-course-3-ada.yaml: 3 objectives",
        "wrote contracts/late-flights-course-3-desk-1.yaml: 3 objectives",
    ]
    found = read_promise(here / "contracts" / "late-flights-course-3-ada.yaml")
    assert (found.consumer, found.model.name, found.title) == ("Ada", "flights", "Late flights, course 3")
    assert [(person.name, person.role) for person in found.stakeholders] == [
        ("Ada", "consumer"),
        ("desk-1", "consumer"),
    ]
    promised = [(each.key, each.operator, each.threshold, each.least) for each in found.objectives]
    assert promised == [
        ("response_time[web].max", "<=", 0.25, 1),
        ("response_time[preprocess].max", "<=", 0.05, 1),
        ("response_time[inference].max", "<=", 0.1, 1),
    ]
    assert hallmark("check").code == 0


def test_what_cannot_be_carried_over_is_named_on_stderr_and_in_the_file(hallmark: Hallmark, here: Path) -> None:
    stages = {
        "gateway": {"response_time_threshold": 0.25, "error_rate_threshold": 0.01},
        "database": {"response_time_threshold": 0.05},
        "ml_inference": {"response_time_threshold": "soon"},
        "pre_processing": None,
    }
    document = {**TUTORIAL, "user": ["Ada", 7], "stages": stages, "price": 3}
    done = hallmark("import", write(here, document), "--model", "flights")
    assert done.code == 0
    assert done.err == [
        "not carried over: user[1]: is no name",
        "not carried over: stages.gateway.error_rate_threshold: no such threshold is known here; docs/metrics.md lists "
        "what is measured",
        "not carried over: stages.database.response_time_threshold: no such stage here; the stages are web, preprocess "
        "and inference",
        "not carried over: stages.pre_processing: holds no thresholds",
        "not carried over: price: is no key of this form that is known here",
        "not carried over: stages.ml_inference.response_time_threshold: threshold: expected a number in s, or a time "
        "such as 200ms, got 'soon'",
    ]
    text = (here / "contracts" / "late-flights-course-3.yaml").read_text()
    for line in done.err:
        assert f"\n#   {line.removeprefix('not carried over: ')}\n" in text
    assert hallmark("check").code == 0


def test_who_is_owed_it_can_be_chosen(hallmark: Hallmark, here: Path) -> None:
    file = write(here, TUTORIAL)
    done = hallmark("import", file, "--model", "digits", "--consumer", "*", "--name", "course", "--to", "new/folder")
    assert (done.code, done.out) == (0, ["wrote new/folder/course.yaml: 3 objectives"])
    assert read_promise(here / "new" / "folder" / "course.yaml").consumer == "*"


def test_a_contract_without_users_is_for_everyone(hallmark: Hallmark, here: Path) -> None:
    document = {"stages": TUTORIAL["stages"]}
    assert hallmark("import", write(here, document, "a b.yaml"), "--model", "flights").code == 0
    assert read_promise(here / "contracts" / "a-b.yaml").consumer == "*"


def test_json_says_what_was_written_and_left(hallmark: Hallmark, here: Path) -> None:
    stages = {"gateway": {"response_time_threshold": 0.25}, "cache": {"response_time_threshold": 1}}
    done = hallmark("import", write(here, {**TUTORIAL, "stages": stages}), "--model", "flights", "--json")
    (line,) = done.out
    said = json.loads(line)
    assert said["files"] == [f"contracts/late-flights-course-3-{user}.yaml" for user in ("ada", "desk-1")]
    assert [objective["name"] for objective in said["objectives"]] == ["web-response-time"]
    assert [left["where"] for left in said["left"]] == ["stages.cache.response_time_threshold"]


def test_nothing_is_overwritten_and_nothing_half_written(hallmark: Hallmark, here: Path) -> None:
    file = write(here, TUTORIAL)
    taken = here / "contracts" / "late-flights-course-3-desk-1.yaml"
    taken.parent.mkdir()
    taken.write_text("mine")
    done = hallmark("import", file, "--model", "flights")
    path = "contracts/late-flights-course-3-desk-1.yaml"
    assert (done.code, done.out) == (1, [])
    assert done.err == [f"hallmark: {path}: is there; remove it, or choose another --name or --to"]
    assert [path.name for path in taken.parent.iterdir()] == [taken.name]
    assert taken.read_text() == "mine"


def test_where_the_second_file_cannot_be_written_the_first_is_taken_back(hallmark: Hallmark, here: Path) -> None:
    file = write(here, TUTORIAL)
    nowhere = here / "contracts" / "late-flights-course-3-desk-1.yaml"
    nowhere.parent.mkdir()
    nowhere.symlink_to(here / "nowhere" / "file")
    done = hallmark("import", file, "--model", "flights")
    path = "contracts/late-flights-course-3-desk-1.yaml"
    assert (done.code, done.err) == (1, [f"hallmark: {path}: No such file or directory; nothing was written"])
    assert not (nowhere.parent / "late-flights-course-3-ada.yaml").exists()


def test_a_folder_that_cannot_be_made_is_one_line(hallmark: Hallmark, here: Path) -> None:
    (here / "file").touch()
    done = hallmark("import", write(here, TUTORIAL), "--model", "flights", "--to", "file")
    assert (done.code, done.err) == (1, ["hallmark: file: File exists; nothing was written"])


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        ([], "which model is it about? choose with --model; there are digits, flights, flights-bad"),
        (["--model", "flihgts"], "no model 'flihgts' in "),
        (["--model", "flights", "--name", "A B"], "--name 'A B': use lower-case letters, digits and -, such as 'a-b'"),
        (["--model", "flights", "--consumer", "a;b"], "contract.json: consumer: expected 1 to 128 printable ASCII"),
    ],
)
def test_a_choice_that_cannot_be_is_one_line(hallmark: Hallmark, here: Path, arguments: list[str], line: str) -> None:
    done = hallmark("import", write(here, TUTORIAL), *arguments)
    assert (done.code, done.out) == (1, [])
    (said,) = done.err
    assert said.startswith(f"hallmark: {line}")
    assert not (here / "contracts").exists()


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("{}", "file.json: is no contract that is known; one of QoA4ML has the key `quality`, that of its tutorials"),
        ("[]", "file.json: holds no keys and values; give the file of a contract"),
        ("", "file.json: holds no keys and values; give the file of a contract"),
        ("{a: [}", "file.json:1:6: is not YAML: "),
        ("{a: 1, a: 2}", "file.json:1:8: a: stands here twice, first on line 1; remove one"),
        ('{"stages": {}}', "file.json: nothing of it could be carried over; docs/contracts.md says how to write a"),
        ("\xff", "file.json: is not UTF-8; save it as UTF-8"),
    ],
)
def test_what_is_no_contract_is_one_line(hallmark: Hallmark, here: Path, text: str, line: str) -> None:
    (here / "file.json").write_bytes(text.encode("latin-1"))
    done = hallmark("import", "file.json", "--model", "flights")
    assert (done.code, done.out) == (1, [])
    assert done.err[0].startswith(f"hallmark: {line}")


def test_a_file_that_is_not_there_is_one_line(hallmark: Hallmark) -> None:
    done = hallmark("import", "none.json", "--model", "flights")
    assert (done.code, done.err) == (1, ["hallmark: none.json: no such file or directory; give the file to import"])
