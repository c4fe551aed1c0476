"""Every version of every model, loaded: one ONNX Runtime session each."""

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import onnxruntime
from onnxruntime import InferenceSession, RunOptions, SessionOptions

from hallmark_common.errors import not_found
from hallmark_common.model_spec import GRAPH_FILE, ModelSpec, ModelSpecError, check_graph_file, load_models, versions_of
from hallmark_inference.datatypes import Array
from hallmark_inference.fit import check_fit
from hallmark_inference.graph import Graph, NotATensorError, TensorInfo, describe
from hallmark_inference.ort_errors import from_run, reason_of

_SILENT = 4
"""Severity "fatal": ONNX Runtime prints nothing, what it has to say arrives as an exception."""


class Model:
    """One version of a model, ready to run. Any number of threads may run it at once."""

    def __init__(self, spec: ModelSpec, version: str, session: InferenceSession, graph: Graph) -> None:
        self.name = spec.name
        self.version = version
        self.variant = spec.variant
        self.graph = graph
        self._session = session

    def run(self, feeds: dict[str, Array], outputs: Sequence[str], options: RunOptions | None = None) -> list[Array]:
        """Run the graph; one array an output.

        ``options`` let another thread end the run early. A :class:`HallmarkError` if the inputs fail it.
        """
        try:
            return self._session.run(outputs, feeds, options)  # type: ignore[no-any-return]  # untyped
        except Exception as error:
            known = from_run(error, self.name)
            if known is None:
                raise
            raise known from error

    def warm_up(self) -> bool:
        """Run once with zeros, dynamic extents being 1, so that no request pays for it; whether the graph took them."""
        feeds = {info.name: _zeros(info) for info in self.graph.inputs.values()}
        try:
            self._session.run(None, feeds)
        except Exception:  # zeros of extent 1 need not mean anything to a graph; a request will tell what it lacks
            return False
        return True


class Repository:
    """Models by name and version."""

    def __init__(self, models: Mapping[str, Mapping[str, Model]], default_versions: Mapping[str, str]) -> None:
        self._models = models
        self._default_versions = default_versions

    def __iter__(self) -> Iterator[Model]:
        return (model for versions in self._models.values() for model in versions.values())

    def find(self, name: str, version: str) -> Model:
        """A model, its default version where ``version`` is empty; NOT_FOUND for one that is not loaded."""
        if name not in self._models:
            raise not_found("model", name, self._models)
        versions = self._models[name]
        wanted = version or self._default_versions[name]
        if wanted not in versions:
            raise not_found("version", wanted, versions)
        return versions[wanted]

    def versions(self, name: str) -> tuple[str, ...]:
        """The loaded versions of a model that :meth:`find` knows."""
        return tuple(self._models[name])


def load_repository(models_dir: Path, threads: int) -> Repository:
    """Load every version of every model under a folder; ``threads`` for each run, 0 for one a core.

    :class:`ModelSpecError` for the first that cannot be served.
    """
    onnxruntime.set_default_logger_severity(_SILENT)
    specs = load_models(models_dir)
    models = {
        name: {
            version: load_model(spec, version, models_dir / name / version / GRAPH_FILE, threads)
            for version in versions_of(models_dir / name)
        }
        for name, spec in specs.items()
    }
    return Repository(models, {name: spec.default_version for name, spec in specs.items()})


def load_model(spec: ModelSpec, version: str, path: Path, threads: int) -> Model:
    """Load one graph; :class:`ModelSpecError` if it is missing or broken."""
    check_graph_file(path)
    try:
        session = InferenceSession(str(path), _session_options(threads), providers=["CPUExecutionProvider"])
    except Exception as error:  # ONNX Runtime's exceptions have no common base
        reason = reason_of(error) or "it says no more than that"
        raise ModelSpecError(
            f"{path}: ONNX Runtime cannot load this graph: {reason}; export it again and check it with onnx.checker"
        ) from error
    try:
        graph = describe(session.get_inputs(), session.get_outputs())
    except NotATensorError as error:
        raise ModelSpecError(
            f"{path}: {error}, which cannot be served; export the model with tensors only (skl2onnx: zipmap=False)"
        ) from None
    check_fit(spec, graph, path)
    return Model(spec, version, session, graph)


def cores(threads: int) -> int:
    """How many threads a setting means: 0 is one for each core that this process may use."""
    return threads or len(os.sched_getaffinity(0))


def _session_options(threads: int) -> SessionOptions:
    options = SessionOptions()
    options.log_severity_level = _SILENT
    options.intra_op_num_threads = cores(threads)
    # Idle threads would spin: 1.1 instead of 0.05 ms of CPU for a small run a millisecond on 2 cores, not one faster.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return options


def _zeros(info: TensorInfo) -> Array:
    shape = [1 if extent < 0 else extent for extent in info.shape]
    return np.full(shape, "", dtype=object) if info.kind.datatype == "BYTES" else np.zeros(shape, info.kind.dtype)
