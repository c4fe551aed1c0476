"""An answer as text for people."""

from rich.text import Text

from hallmark.preprocess.v1.preprocess_pb2 import Prediction, Tensor
from hallmark.web.v1.web_pb2 import PredictResponse
from hallmark_cli.render import text
from hallmark_web.answers import tensor_to_dict

MAX_PREDICTIONS = 20
MAX_SCORES = 5
MAX_ELEMENTS = 8


def answer_lines(response: PredictResponse) -> list[Text]:
    """The answer first, then its identity, its data and where its time went."""
    quality = response.quality
    lines = [*prediction_lines(response), Text()]
    lines.append(text.field("model", text.model_line(response.model)))
    lines.append(text.field("prediction", response.prediction_id, "bold"))
    lines.append(text.field("trace", response.trace_id))
    if quality.HasField("data"):
        lines.append(text.field("data", text.data_line(quality.data)))
        lines += text.violation_lines(quality.data.violations)
    if quality.HasField("inference"):
        lines.append(text.field("run", text.run_line(quality.inference)))
    return [*lines, *text.waterfall(quality.stages)]


def prediction_lines(response: PredictResponse) -> list[Text]:
    """What was predicted: in full for one instance, a line each for several, the first elements of raw tensors."""
    if response.tensors:
        return [_tensor_line(tensor) for tensor in response.tensors]
    if len(response.predictions) == 1:
        return _single(response.predictions[0])
    shown = response.predictions[:MAX_PREDICTIONS]
    lines = [Text.assemble((f"{index:>4}  ", "dim"), _one_line(each)) for index, each in enumerate(shown)]
    if len(response.predictions) > len(shown):
        lines.append(Text(f"      … {len(response.predictions) - len(shown)} more; --json prints all of them"))
    return lines


def _single(prediction: Prediction) -> list[Text]:
    if prediction.WhichOneof("kind") != "classes":
        return [_one_line(prediction)]
    scores = prediction.classes.scores[:MAX_SCORES]
    width = max((len(entry.label) for entry in scores), default=0)
    bars = [
        Text.assemble(
            f"  {entry.label:<{width}}  ",
            (text.score_bar(entry.score), "cyan"),
            f"  {text.percent(entry.score):>7}",
        )
        for entry in scores
    ]
    return [_one_line(prediction), *bars]


def _one_line(prediction: Prediction) -> Text:
    match prediction.WhichOneof("kind"):
        case "classes":
            classes = prediction.classes
            return Text.assemble((classes.label, "bold green"), f"  confidence {text.percent(classes.confidence)}")
        case "probability":
            decided = prediction.probability
            probability = text.percent(decided.probability)
            return Text.assemble((decided.label, "bold green"), f"  probability of {decided.event} {probability}")
        case _:
            number = prediction.number
            return Text(f"{number.value:g} {number.unit}".rstrip(), "bold green")


def _tensor_line(tensor: Tensor) -> Text:
    values = tensor_to_dict(tensor)["data"]
    shown = ", ".join(f"{value:.6g}" if isinstance(value, float) else repr(value) for value in values[:MAX_ELEMENTS])
    more = f", … {len(values) - MAX_ELEMENTS} more" if len(values) > MAX_ELEMENTS else ""
    shape = " × ".join(str(extent) for extent in tensor.shape) or "scalar"
    return Text.assemble((tensor.name, "bold green"), f"  {tensor.datatype} {shape}  [{shown}{more}]")
