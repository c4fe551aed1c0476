"""ModelInfer messages against a graph: request to feeds, results to response."""

from collections.abc import Iterable, Mapping, Sequence

from hallmark.oip.v2.open_inference_pb2 import ModelInferRequest, ModelInferResponse
from hallmark_common.errors import HallmarkError, invalid, shown
from hallmark_inference.datatypes import Array
from hallmark_inference.graph import Graph, TensorInfo
from hallmark_inference.tensors import count_elements, from_contents, from_raw, to_contents, to_raw


def decode_inputs(request: ModelInferRequest, graph: Graph) -> dict[str, Array]:
    """The inputs of a request by name, each as the graph wants it; INVALID_ARGUMENT names the field that is wrong."""
    _check_names((tensor.name for tensor in request.inputs), graph.inputs, "inputs")
    given = {tensor.name for tensor in request.inputs}
    for name in graph.inputs:
        if name not in given:
            raise invalid(f"inputs[{name}]", "a tensor for this input of the model", "none")
    raw = request.raw_input_contents
    if raw and len(raw) != len(request.inputs):
        raise invalid("raw_input_contents", f"{len(request.inputs)} entries, one an input", f"{len(raw)}")
    return {
        tensor.name: _decode(tensor, graph.inputs[tensor.name], raw[index] if raw else None, index)
        for index, tensor in enumerate(request.inputs)
    }


def select_outputs(request: ModelInferRequest, graph: Graph) -> tuple[str, ...]:
    """Names of the outputs that a request asks for, all of them where it names none."""
    _check_names((output.name for output in request.outputs), graph.outputs, "outputs")
    return tuple(output.name for output in request.outputs) or tuple(graph.outputs)


def encode_outputs(
    request: ModelInferRequest, graph: Graph, names: Sequence[str], arrays: Sequence[Array]
) -> ModelInferResponse:
    """The outputs of a run, one array a name, in the form that the request used; FP16 has the raw form only."""
    infos = [graph.outputs[name] for name in names]
    raw = bool(request.raw_input_contents) or any(info.kind.field is None for info in infos)
    response = ModelInferResponse(id=request.id)
    for info, array in zip(infos, arrays, strict=True):
        output = response.outputs.add(name=info.name, datatype=info.kind.datatype, shape=array.shape)
        if raw:
            response.raw_output_contents.append(to_raw(info.kind, array))
        else:
            output.contents.CopyFrom(to_contents(info.kind, array))
    return response


def batch_size(graph: Graph, feeds: Mapping[str, Array]) -> int:
    """Instances in a run: the extent of axis 0 of the graph's first input, 1 for a scalar and where there is none."""
    shapes = (feeds[name].shape for name in graph.inputs)
    shape = next(shapes, ())
    return shape[0] if shape else 1


def _check_names(names: Iterable[str], known: Mapping[str, TensorInfo], field: str) -> None:
    seen: set[str] = set()
    for index, name in enumerate(names):
        if name not in known:
            raise invalid(f"{field}[{index}].name", f"one of: {', '.join(known)}", shown(name))
        if name in seen:
            raise invalid(f"{field}[{index}].name", "every name once", f"{shown(name)} again")
        seen.add(name)


def _decode(tensor: ModelInferRequest.InferInputTensor, info: TensorInfo, raw: bytes | None, index: int) -> Array:
    field = f"inputs[{info.name}]"
    if tensor.datatype != info.kind.datatype:
        raise invalid(f"{field}.datatype", info.kind.datatype, shown(tensor.datatype))
    count_elements(tensor.shape, f"{field}.shape")
    if not _fits(tensor.shape, info.shape):
        raise _wrong_shape(f"{field}.shape", info, tensor.shape)
    if raw is None:
        return from_contents(info.kind, tensor.shape, tensor.contents, f"{field}.contents")
    if tensor.contents.ByteSize():
        raise invalid(f"{field}.contents", "nothing, as raw_input_contents holds the elements", "elements")
    return from_raw(info.kind, tensor.shape, raw, f"raw_input_contents[{index}]")


def _fits(shape: Sequence[int], declared: tuple[int, ...]) -> bool:
    if not declared:
        return True
    return len(shape) == len(declared) and all(
        wanted in (-1, extent) for extent, wanted in zip(shape, declared, strict=True)
    )


def _wrong_shape(field: str, info: TensorInfo, shape: Sequence[int]) -> HallmarkError:
    return invalid(field, f"{list(info.shape)} where -1 is any extent", shown(list(shape)))
