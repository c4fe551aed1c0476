"""A declaration written as ``model.yaml``."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml
from hallmark_common.model_spec import ModelSpec


class _Dumper(yaml.SafeDumper):
    """Lists of plain values on one line, the rest as a block."""

    def represent_list(self, data: Iterable[Any]) -> yaml.SequenceNode:
        values = list(data)
        plain = all(not isinstance(value, dict | list) for value in values)
        return self.represent_sequence("tag:yaml.org,2002:seq", values, flow_style=plain)

    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002
        return True


_Dumper.add_representer(list, _Dumper.represent_list)


def write_spec(path: Path, spec: ModelSpec, built_by: str) -> None:
    """Write what differs from the defaults."""
    document = spec.model_dump(mode="json", exclude_defaults=True)
    body = yaml.dump(document, Dumper=_Dumper, sort_keys=False, width=110, allow_unicode=True)
    path.write_text(f"# Written by {built_by}: change it there.\n{body}", encoding="utf-8")
