"""Which work goes to a thread, and that it takes its context along."""

import contextvars
import threading
from typing import Any

import pytest
from PIL import Image

from hallmark.preprocess.v1 import preprocess_pb2
from hallmark_preprocess.offload import INLINE_BYTES, Offload, is_heavy

NAME: contextvars.ContextVar[str] = contextvars.ContextVar("name", default="")


def images(*files: bytes) -> preprocess_pb2.Input:
    return preprocess_pb2.Input(images=preprocess_pb2.Images(files=files))


@pytest.mark.parametrize(
    ("size", "mode", "heavy"),
    [((28, 28), "L", False), ((256, 256), "1", False), ((257, 256), "1", True), ((6000, 6000), "1", True)],
)
def test_by_pixels_not_by_bytes(encode: Any, serve: Any, image_spec: Any, size: Any, mode: str, heavy: bool) -> None:
    data = encode(Image.new(mode, size))
    assert len(data) < INLINE_BYTES
    assert is_heavy(serve(image_spec()).spec, images(data)) is heavy


def test_many_small_images_and_large_outputs_are_heavy(encode: Any, serve: Any, image_spec: Any) -> None:
    data = encode(Image.new("1", (200, 200)))
    assert not is_heavy(serve(image_spec()).spec, images(data))
    assert is_heavy(serve(image_spec()).spec, images(data, data))
    assert is_heavy(serve(image_spec(width=300, height=300)).spec, images(data))


def test_bytes_and_images_in_json_are_heavy(serve: Any, image_spec: Any, flight: Any) -> None:
    table, image = serve(flight).spec, serve(image_spec()).spec
    assert not is_heavy(table, preprocess_pb2.Input(json=b"[{}]"))
    assert is_heavy(table, preprocess_pb2.Input(json=b" " * (INLINE_BYTES + 1)))
    assert is_heavy(image, preprocess_pb2.Input(json=b"[{}]"))


def test_what_cannot_be_read_is_light(serve: Any, image_spec: Any) -> None:
    assert not is_heavy(serve(image_spec()).spec, images(b"no image"))


@pytest.mark.parametrize("heavy", [False, True])
async def test_runs_with_the_callers_context(heavy: bool) -> None:
    def work() -> tuple[str, bool]:
        return NAME.get(), threading.current_thread() is threading.main_thread()

    NAME.set("mine")
    with Offload(1) as offload:
        assert await offload.run(work, heavy=heavy) == ("mine", not heavy)


async def test_errors_come_through() -> None:
    def work() -> None:
        raise KeyError("x")

    with Offload(1) as offload:
        for heavy in (False, True):
            with pytest.raises(KeyError):
                await offload.run(work, heavy=heavy)
