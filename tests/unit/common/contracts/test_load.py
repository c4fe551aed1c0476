"""Contracts from files and folders: one that is broken hides no other."""

from pathlib import Path

import pytest

from hallmark_common.contracts import scan_contracts
from hallmark_common.contracts.load import read_contract
from tests.support.promises import read_promise


def write(folder: Path, name: str, text: str | bytes) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def errors(path: Path) -> list[str]:
    file = read_contract(path)
    assert (file.contract is None) == bool(file.errors)
    return [str(error) for error in file.errors]


def test_a_good_one_is_read(tmp_path: Path, good: str) -> None:
    found = read_promise(write(tmp_path, "shop.yaml", good))
    assert (found.name, found.objectives[0].key) == ("shop", "response_time.p95")


def test_a_broken_one_hides_no_other(tmp_path: Path, good: str) -> None:
    write(tmp_path, "a.yaml", "name: [")
    write(tmp_path, "b.yml", good.replace("shop", "b", 1).replace("metric", "metrik"))
    write(tmp_path, "shop.yaml", good)
    write(tmp_path, "zoo.yaml", good.replace("shop", "zoo", 1))
    scan = scan_contracts(tmp_path)
    assert [contract.name for contract in scan.contracts] == ["shop", "zoo"]
    assert {error.file.name for error in scan.errors} == {"a.yaml", "b.yml"}


def test_only_what_should_be_a_contract_is_read(tmp_path: Path, good: str) -> None:
    for name in (".shop.yaml", "_shop.yaml", "shop.yaml.old", "contract.schema.json", "README.md"):
        write(tmp_path, name, good)
    assert scan_contracts(tmp_path).contracts == ()
    assert scan_contracts(tmp_path / "nowhere").contracts == ()


def test_all_that_is_wrong_with_one_is_found_each_in_one_line(tmp_path: Path, good: str) -> None:
    path = write(tmp_path, "shop.yaml", good.replace("metric", "metrik").replace("0.2", "[]"))
    found = errors(path)
    assert len(found) == 3
    assert found[0].startswith(f"{path}:5:5: objectives[0].metric: is missing; name of the metric")
    assert not any("\n" in error for error in found)
    assert list(map(str, scan_contracts(tmp_path).errors)) == found


def test_a_warning_keeps_nobody_from_loading(tmp_path: Path, good: str) -> None:
    path = write(tmp_path, "shop.yaml", good.replace('"<="', '">="'))
    assert read_promise(path).name == "shop"
    assert (len(read_contract(path).findings), errors(path)) == (1, [])


def test_the_file_is_called_as_the_contract(tmp_path: Path, good: str) -> None:
    path = write(tmp_path, "other.yaml", good)
    assert errors(path) == [f"{path}:1:1: name: is 'shop' but the file is other.yaml; make them equal"]


def test_of_two_with_one_name_the_second_is_refused(tmp_path: Path, good: str) -> None:
    first = write(tmp_path, "shop.yaml", good)
    write(tmp_path, "shop.yml", good)
    scan = scan_contracts(tmp_path)
    assert [contract.name for contract in scan.contracts] == ["shop"]
    (error,) = scan.errors
    assert str(error) == f"{tmp_path / 'shop.yml'}:1:1: name: {first} has the contract 'shop' too; remove one"


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (b"name: a\ntitle: \xff\n", ":2:1: is not UTF-8; save it as UTF-8"),
        (b"# " + b"x" * 1024 * 1024, ":1:1: has 1048578 bytes; a contract has at most 1048576"),
        (b"", ":1:1: expected keys and values, got None"),
        (b"- a\n", ":1:1: expected keys and values, got ['a']"),
        (b"\x00", ":1:1: is not YAML: unacceptable character #x0000: special characters are not allowed"),
    ],
)
def test_what_is_no_contract_at_all_is_one_line(tmp_path: Path, text: bytes, wanted: str) -> None:
    path = write(tmp_path, "shop.yaml", text)
    (error,) = errors(path)
    assert error.startswith(f"{path}{wanted}")


def test_what_cannot_be_read_says_why(tmp_path: Path) -> None:
    path, none = tmp_path / "shop.yaml", tmp_path / "none.yaml"
    path.mkdir()
    assert errors(path) == [f"{path}:1:1: cannot be read: is a directory; check what it is"]
    assert errors(none) == [f"{none}:1:1: no such file; give the path of a contract"]
