"""`hallmark predict MODEL FILE`: one request to web, the answer with its quality."""

import asyncio
from collections.abc import Iterable
from typing import Annotated

import typer

from hallmark.preprocess.v1.preprocess_pb2 import ModelDescription
from hallmark.web.v1.web_pb2 import ListModelsRequest, PredictRequest, PredictResponse
from hallmark.web.v1.web_pb2_grpc import PredictionServiceStub
from hallmark_cli import options, output
from hallmark_cli.client import channel_to, consumer_metadata
from hallmark_cli.payload import read_file, timestamp, to_input
from hallmark_cli.render.answer import answer_lines
from hallmark_cli.typer_app import Command, make_app
from hallmark_common.errors import not_found
from hallmark_common.settings import Settings, load_settings
from hallmark_web.answers import answer_to_dict

app = make_app()


@app.command(cls=Command)
def predict(
    model: options.Model,
    file: Annotated[
        str, typer.Argument(metavar="FILE", help="An image, or JSON: one instance or a list of them; - is stdin.")
    ],
    *,
    consumer: options.Consumer = None,
    event_time: Annotated[
        str | None, typer.Option(metavar="TIME", help="When the event happened, RFC 3339; now where unset.")
    ] = None,
    version: Annotated[str, typer.Option(metavar="VERSION", help="The model's default version where unset.")] = "",
    timeout: options.Timeout = 10.0,
    as_json: options.Json = False,
) -> None:
    """Ask a model and show the answer with its quality."""
    settings = load_settings()
    data = read_file(file, settings.max_request_bytes)
    request = PredictRequest(model=model, version=version)
    if event_time is not None:
        request.event_time.CopyFrom(timestamp("--event-time", event_time))
    response = asyncio.run(_ask(settings, request, (file, data), consumer, timeout))
    if as_json:
        output.write_json(answer_to_dict(response))
    else:
        output.write_lines(answer_lines(response))


async def _ask(
    settings: Settings, request: PredictRequest, file: tuple[str, bytes], consumer: str | None, timeout_s: float
) -> PredictResponse:
    metadata = consumer_metadata(consumer)
    async with channel_to(settings, "web") as channel:
        stub = PredictionServiceStub(channel)
        models = (await stub.ListModels(ListModelsRequest(), timeout=timeout_s)).models
        request.input.CopyFrom(to_input(*file, described(request.model, models).input_kind))
        return await stub.Predict(request, timeout=timeout_s, metadata=metadata)


def described(name: str, models: Iterable[ModelDescription]) -> ModelDescription:
    """The description of a model; NOT_FOUND that lists what there is."""
    by_name = {model.name: model for model in models}
    if name not in by_name:
        raise not_found("model", name, by_name)
    return by_name[name]
