"""The multipart body of a REST prediction: images, and next to them what the JSON body has too."""

from collections.abc import AsyncIterator, Sequence

from hallmark.preprocess.v1 import preprocess_pb2
from hallmark.web.v1 import web_pb2
from hallmark_common.errors import invalid, shown
from hallmark_common.times import parse_time
from hallmark_web.fields import field_name
from hallmark_web.multipart_parts import Part, read_parts

IMAGE = "image"
TEXTS = ("event_time", "version")


async def parse_multipart_request(
    model: str, content_type: str, chunks: AsyncIterator[bytes], max_instances: int
) -> web_pb2.PredictRequest:
    """A request from one or more file parts ``image`` and, optionally, the text parts event_time and version.

    INVALID_ARGUMENT names the part that is wrong, or ``body``.
    """
    parts = await read_parts(content_type, chunks, max_instances + len(TEXTS))
    for part in parts:
        if part.name not in (IMAGE, *TEXTS):
            raise invalid(field_name(part.name), f"only the parts {IMAGE}, {', '.join(TEXTS)}", shown(part.name))
    request = web_pb2.PredictRequest(model=model, version=_text(parts, "version") or "")
    request.input.CopyFrom(preprocess_pb2.Input(images=preprocess_pb2.Images(files=_images(parts))))
    event_time = _text(parts, "event_time")
    if event_time is not None:
        request.event_time.CopyFrom(parse_time("event_time", event_time))
    return request


def _images(parts: Sequence[Part]) -> list[bytes]:
    images = [part for part in parts if part.name == IMAGE]
    if not images:
        raise invalid(IMAGE, f"one or more file parts named {IMAGE}", "none")
    for part in images:
        if not part.is_file:
            raise invalid(IMAGE, "a file part, with a filename", "a part without a filename")
        if not part.content:
            raise invalid(IMAGE, "the bytes of an image file", "an empty file")
    return [part.content for part in images]


def _text(parts: Sequence[Part], name: str) -> str | None:
    found = [part for part in parts if part.name == name]
    if not found:
        return None
    if len(found) > 1 or found[0].is_file:
        raise invalid(name, "one text part, without a filename", "several" if len(found) > 1 else "a file")
    try:
        return found[0].content.decode("utf-8")
    except UnicodeDecodeError:
        raise invalid(name, "text in UTF-8", shown(found[0].content)) from None
