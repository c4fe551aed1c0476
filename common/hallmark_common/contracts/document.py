"""A YAML document as plain data, with the place of each key: text in, data out.

Read as YAML 1.2 (core schema), where ``NO`` and ``2013-07-01`` are texts, and as a subset of it: no aliases, no tags,
no key twice. The whole of JSON is in it.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

Where = tuple[str | int, ...]
"""A part of a document: keys, and positions in lists."""

_CORE = (
    ("null", r"~|null|Null|NULL", "~nN"),
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("int", r"[-+]?[0-9]{1,300}", "-+0123456789"),
    (
        "float",
        r"[-+]?(?:\.[0-9]+|[0-9]{1,300}(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)",
        "-+.0123456789",
    ),
)
"""Section 10.3.2 of YAML 1.2.2: type, how it is written, what it can begin with."""

_TAG = "tag:yaml.org,2002:"


@dataclass(frozen=True, slots=True)
class Place:
    """Line and column in a file, from 1."""

    line: int
    column: int


class DocumentError(Exception):
    """What is wrong with a document as such, and where."""

    def __init__(self, where: Where, place: Place, message: str) -> None:
        super().__init__(message)
        self.where = where
        self.place = place
        self.message = message


@dataclass(frozen=True, slots=True)
class Document:
    """Plain data; keys that stand twice are told apart only in ``errors``."""

    data: Any
    places: Mapping[Where, Place]
    errors: tuple[DocumentError, ...]

    def place(self, where: Where) -> Place:
        """Where a part stands; of one that is not there, what it should be in."""
        while where and where not in self.places:
            where = where[:-1]
        return self.places.get(where, Place(1, 1))


class _Loader(yaml.SafeLoader):
    """Knows only the types of the core schema."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012 - as the base has it


for _kind, _pattern, _firsts in _CORE:
    _Loader.add_implicit_resolver(f"{_TAG}{_kind}", re.compile(f"(?:{_pattern})$"), [*_firsts])
_Loader.add_implicit_resolver(f"{_TAG}null", re.compile("$"), [""])


def read_document(text: str) -> Document:
    """Parse a text; :class:`DocumentError` where it is no YAML at all."""
    try:
        root = yaml.compose(text, _Loader)
        return Document(None, {}, ()) if root is None else _Reading().document(root)
    except yaml.MarkedYAMLError as error:
        raise DocumentError((), _place(error.problem_mark), f"is not YAML: {_said(error)}") from None
    except yaml.YAMLError as error:
        raise DocumentError((), Place(1, 1), f"is not YAML: {' '.join(str(error).split())}") from None
    except RecursionError:
        raise DocumentError((), Place(1, 1), "is nested too deep to be read; make it flat") from None


def _said(error: yaml.MarkedYAMLError) -> str:
    return ", ".join(part for part in (error.context, error.problem) if part)


def _place(mark: yaml.Mark | None) -> Place:
    return Place(mark.line + 1, mark.column + 1) if mark else Place(1, 1)


class _Reading:
    """One walk over the nodes of a document."""

    def __init__(self) -> None:
        self.places: dict[Where, Place] = {}
        self.errors: list[DocumentError] = []
        self.seen: set[int] = set()

    def document(self, root: yaml.Node) -> Document:
        self.places[()] = _place(root.start_mark)
        return Document(self._value(root, ()), self.places, tuple(self.errors))

    def _value(self, node: yaml.Node, where: Where) -> Any:
        if id(node) in self.seen:
            # The node of an alias is that of what it stands for, and so is its mark: the nearest key has to do.
            place = self.places[where if isinstance(where[-1], str) else where[:-1]]
            return self._refused_at(place, where, "is an alias (*name); write out what it stands for")
        self.seen.add(id(node))
        if isinstance(node, yaml.MappingNode):
            return dict(self._items(node, where))
        if isinstance(node, yaml.SequenceNode):
            return [self._item(child, (*where, index)) for index, child in enumerate(node.value)]
        return self._scalar(node, where)

    def _item(self, node: yaml.Node, where: Where) -> Any:
        self.places[where] = _place(node.start_mark)
        return self._value(node, where)

    def _items(self, node: yaml.MappingNode, where: Where) -> Iterator[tuple[str, Any]]:
        for key, child in node.value:
            if not isinstance(key, yaml.ScalarNode):
                self._refused(key, where, "has a key that is no text; write a word")
                continue
            name = _text(key.value)
            inner = (*where, name)
            if inner in self.places:
                self._refused(key, inner, f"stands here twice, first on line {self.places[inner].line}; remove one")
                continue
            self.places[inner] = _place(key.start_mark)
            yield name, self._value(child, inner)

    def _scalar(self, node: yaml.Node, where: Where) -> Any:
        kind = node.tag.removeprefix(_TAG)
        if kind not in _MAKERS:
            return self._refused(node, where, f"has the tag {node.tag}; leave the tag out")
        try:
            return _MAKERS[kind](node.value)
        except ValueError:
            return self._refused(node, where, f"{node.value!r} is no {kind}; leave the tag out")

    def _refused(self, node: yaml.Node, where: Where, message: str) -> None:
        self._refused_at(_place(node.start_mark), where, message)

    def _refused_at(self, place: Place, where: Where, message: str) -> None:
        self.errors.append(DocumentError(where, place, message))


def _number(text: str) -> float:
    return float(re.sub(r"^([-+]?)\.(inf|nan)$", r"\1\2", text.lower()))


def _text(written: str) -> str:
    """JSON writes characters beyond the 16th bit as two escapes, which YAML takes for two characters."""
    if written.isascii() or not _SURROGATE.search(written):
        return written
    return written.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


_SURROGATE = re.compile("[\ud800-\udfff]")

_MAKERS: Mapping[str, Callable[[str], Any]] = {
    "null": lambda _: None,
    "bool": lambda text: text.lower() == "true",
    "int": int,
    "float": _number,
    "str": _text,
}
"""What makes a value of a scalar, by type."""
