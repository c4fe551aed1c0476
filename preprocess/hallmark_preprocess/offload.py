"""Where blocking work runs: small work at once, the rest on threads, so that it does not stall other requests.

A hop to a thread and back costs 50 to 90 µs, the decoding and transforming of a small image or of a few rows not much
more, and that of a photograph tens of milliseconds, during which the event loop would answer nobody. Pillow and NumPy
let go of the interpreter's lock while they work, so threads help. There are few threads, which also bounds how many
large images are decoded, and in memory, at once.
"""

import asyncio
import contextvars
import io
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Self, TypeVar

from PIL import Image

from hallmark.preprocess.v1 import preprocess_pb2
from hallmark_common.model_spec import ImageInput, ModelSpec
from hallmark_preprocess.image_decode import FORMATS

INLINE_BYTES = 16 * 1024
"""Larger requests go to a thread. Deflate shrinks 1,000 times at most: the headers of a file of this size are read in
milliseconds, whatever they hold."""

INLINE_PIXELS = 256 * 256
"""Images with more pixels, as sent or as the model takes them, go to a thread, however small their files."""

INLINE_ELEMENTS = 4096
"""Answers made of more elements go to a thread: each score becomes a message of its own, at about 1 µs."""

T = TypeVar("T")


class Offload:
    """A few threads for heavy work, with the caller's context (trace, deadline)."""

    def __init__(self, threads: int | None = None) -> None:
        self._threads = ThreadPoolExecutor(threads or os.cpu_count() or 1, thread_name_prefix="prepare")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._threads.shutdown(cancel_futures=True)

    async def run(self, work: Callable[[], T], *, heavy: bool) -> T:
        """The result of ``work``, run on a thread where it is heavy."""
        if not heavy:
            return work()
        context = contextvars.copy_context()
        return await asyncio.get_running_loop().run_in_executor(self._threads, context.run, work)


def is_heavy(spec: ModelSpec, given: preprocess_pb2.Input) -> bool:
    """Whether preparing a request would stall the event loop."""
    if given.ByteSize() > INLINE_BYTES:
        return True
    if not isinstance(spec.input, ImageInput):
        return False
    # How large an image inside of JSON is cannot be told without parsing it.
    if given.HasField("json"):
        return True
    files = given.images.files
    taken = spec.input.width * spec.input.height * len(files)
    return max(taken, sum(_pixels(data) for data in files)) > INLINE_PIXELS


def _pixels(data: bytes) -> int:
    try:
        width, height = Image.open(io.BytesIO(data), formats=FORMATS).size
    except Exception:  # A file that cannot be read is cheap, and is refused where it is decoded.
        return 0
    return width * height
