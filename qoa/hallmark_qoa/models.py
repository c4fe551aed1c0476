"""What the engine knows of models: their declaration and their reference profile, read where the services read them.

A model of which nothing is found can still be asked for everything that needs no declaration.
"""

import logging
from pathlib import Path
from typing import Protocol

from hallmark_common.model_spec import MODEL_FILE, ModelSpec, ModelSpecError, parse_model_spec
from hallmark_common.profile import Profile, load_profile
from hallmark_qoa.metrics.context import ModelContext

logger = logging.getLogger(__name__)


class Contexts(Protocol):
    """Knows models."""

    def context(self, model: str) -> ModelContext:
        """What figures of a model are computed with."""


class Models:
    """The models of a folder, each read when it is first asked for, and again when its ``model.yaml`` changes."""

    def __init__(self, folder: Path, *, cpu_hour_price: float) -> None:
        self._folder = folder
        self._cpu_hour_price = cpu_hour_price
        self._known: dict[str, tuple[int, ModelSpec | None, ModelContext]] = {}
        self._unknown = (0, None, ModelContext(cpu_hour_price=cpu_hour_price))

    def context(self, model: str) -> ModelContext:
        """What figures of a model are computed with."""
        return self._read(model)[2]

    def spec(self, model: str) -> ModelSpec | None:
        """Its declaration; None where there is none."""
        return self._read(model)[1]

    def _read(self, model: str) -> tuple[int, ModelSpec | None, ModelContext]:
        path = self._folder / model / MODEL_FILE
        changed_ns = _changed_ns(path) if _is_name(model) else 0
        if not changed_ns:
            return self._unknown  # not kept by name: there is no end to names of models that are not there
        known = self._known.get(model)
        if known is None or known[0] != changed_ns:
            spec, profile = _load(path)
            context = ModelContext.of(spec, profile, self._cpu_hour_price) if spec else self._unknown[2]
            known = (changed_ns, spec, context)
            self._known[model] = known
        return known


def _is_name(model: str) -> bool:
    """Names of models come from requests too, so one must not lead out of the folder."""
    return bool(model) and Path(model).name == model and model not in {".", ".."}


def _changed_ns(path: Path) -> int:
    """When a file was changed; 0 where there is none."""
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0


def _load(path: Path) -> tuple[ModelSpec | None, Profile | None]:
    try:
        spec = parse_model_spec(path)
        return spec, load_profile(path.parent / spec.reference) if spec.reference else None
    except ModelSpecError as error:
        logger.warning("%s; figures that need the declaration of this model are left out", error)
        return None, None
