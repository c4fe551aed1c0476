"""Contracts from files and folders: one that is broken hides no other."""

from pathlib import Path

import pytest

from hallmark_common.contracts import ContractError, load_contracts, parse_contract, scan_contracts


def write(folder: Path, name: str, text: str | bytes) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_a_good_one_is_read(tmp_path: Path, good: str) -> None:
    found = parse_contract(write(tmp_path, "shop.yaml", good))
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


def test_loading_fails_with_one_line_that_says_how_many_more(tmp_path: Path, good: str) -> None:
    path = write(tmp_path, "shop.yaml", good.replace("metric", "metrik").replace("0.2", "[]"))
    for call in (lambda: load_contracts(tmp_path), lambda: parse_contract(path)):
        with pytest.raises(ContractError) as caught:
            call()
        message = str(caught.value)
        assert message.startswith(f"{path}:5:5: objectives[0].metric: is missing; name of the metric")
        assert message.endswith("(and 2 more; `hallmark contracts check` shows all)")
        assert "\n" not in message
        assert len(caught.value.findings) == 3


def test_a_warning_keeps_nobody_from_loading(tmp_path: Path, good: str) -> None:
    write(tmp_path, "shop.yaml", good.replace('"<="', '">="'))
    assert len(load_contracts(tmp_path)) == 1


def test_the_file_is_called_as_the_contract(tmp_path: Path, good: str) -> None:
    path = write(tmp_path, "other.yaml", good)
    with pytest.raises(ContractError) as caught:
        parse_contract(path)
    assert str(caught.value) == f"{path}:1:1: name: is 'shop' but the file is other.yaml; make them equal"


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
    with pytest.raises(ContractError) as caught:
        parse_contract(path)
    assert str(caught.value).startswith(f"{path}{wanted}")


def test_what_cannot_be_read_says_why(tmp_path: Path) -> None:
    (tmp_path / "shop.yaml").mkdir()
    with pytest.raises(ContractError, match=r"shop\.yaml:1:1: cannot be read: is a directory; check what it is"):
        load_contracts(tmp_path)
    with pytest.raises(ContractError, match=r"no such file; give the path of a contract"):
        parse_contract(tmp_path / "none.yaml")
