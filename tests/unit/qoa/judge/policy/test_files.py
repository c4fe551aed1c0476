"""A folder of policies: what belongs to it, and how a newer one takes over."""

import asyncio
import errno
import logging
from collections.abc import Mapping
from pathlib import Path

import pytest

from hallmark_qoa.judge.policy.base import PolicyError
from hallmark_qoa.judge.policy.files import LOOK_EVERY_S, PolicyFiles, read_sources
from hallmark_qoa.judge.policy.program import Program

GOOD = "package hallmark\n\nverdicts := [1]\n"
BETTER = "package hallmark\n\nverdicts := [2]\n"
BROKEN = "package hallmark\n\nverdicts := [\n"


class Watched:
    """A folder of policies that are compiled and not proved, with a clock that the test turns."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.now_s = 100.0
        self.compiled = 0
        self.fails_with: BaseException | None = None
        self.files = PolicyFiles(folder, self._compiled, lambda: self.now_s, lambda: int(self.now_s * 1e9))

    async def _compiled(self, sources: Mapping[str, str]) -> Program:
        self.compiled += 1
        if self.fails_with is not None:
            raise self.fails_with
        return Program(sources)

    def write(self, text: str, name: str = "own.rego") -> None:
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)

    async def answer(self, *, later_s: float = LOOK_EVERY_S) -> object:
        """What the policy in use answers after some time."""
        self.now_s += later_s
        return (await self.files.program()).answer([])


@pytest.fixture
def watched(tmp_path: Path) -> Watched:
    return Watched(tmp_path)


async def test_no_policy_is_an_error_that_says_where_one_belongs(watched: Watched) -> None:
    why = rf"^there is no policy: no .rego file in {watched.folder}; put one there or set HALLMARK_POLICIES_DIR$"
    with pytest.raises(PolicyError, match=why):
        await watched.answer()
    status = watched.files.status
    assert (status.place, status.revision, status.since_ns) == (str(watched.folder), "", None)
    assert status.error.startswith("there is no policy")


async def test_no_folder_is_no_policy(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match=r"^there is no policy: no .rego file in "):
        await Watched(tmp_path / "nothing").answer()


async def test_a_policy_is_in_use_from_when_it_is_found(watched: Watched) -> None:
    with pytest.raises(PolicyError):
        await watched.answer()
    watched.write(GOOD)
    assert await watched.answer() == [1]
    status = watched.files.status
    assert (len(status.revision), status.since_ns, status.error) == (64, int(watched.now_s * 1e9), "")


async def test_files_are_looked_at_once_in_a_while(watched: Watched) -> None:
    watched.write(GOOD)
    assert await watched.answer() == [1]
    watched.write(BETTER)
    assert await watched.answer(later_s=LOOK_EVERY_S / 2) == [1]
    assert await watched.answer(later_s=LOOK_EVERY_S / 2) == [2]


async def test_what_does_not_change_is_not_compiled_again(watched: Watched) -> None:
    watched.write(GOOD)
    before = [await watched.answer() for _ in range(3)]
    watched.write(GOOD)
    assert [*before, await watched.answer()] == [[1]] * 4
    assert watched.compiled == 1


async def test_a_broken_one_keeps_the_old_one_and_is_told_once(
    watched: Watched, caplog: pytest.LogCaptureFixture
) -> None:
    watched.write(GOOD)
    assert await watched.answer() == [1]
    before = watched.files.status
    watched.write(BROKEN)
    assert [await watched.answer() for _ in range(3)] == [[1]] * 3
    error = f"{watched.folder}/own.rego:3: this is unclosed"
    assert watched.files.status.error == error
    assert (watched.files.status.revision, watched.files.status.since_ns) == (before.revision, before.since_ns)
    warnings = [record.message for record in caplog.records if record.levelno == logging.WARNING]
    assert warnings == [f"{error}; policy {before.revision[:12]} still judges"]
    assert watched.compiled == 2


async def test_a_mended_one_takes_over(watched: Watched) -> None:
    for text in (GOOD, BROKEN, BETTER):
        watched.write(text)
        answer = await watched.answer()
    assert answer == [2]
    assert watched.files.status.error == ""


async def test_the_old_one_written_again_clears_the_error(watched: Watched, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    for text in (GOOD, BROKEN, GOOD, BROKEN):
        watched.write(text)
        assert await watched.answer() == [1]
    assert watched.files.status.error
    assert [record.levelname for record in caplog.records] == ["INFO", "WARNING", "INFO", "WARNING"]


async def test_removed_files_keep_the_old_one(watched: Watched) -> None:
    watched.write(GOOD)
    assert await watched.answer() == [1]
    (watched.folder / "own.rego").unlink()
    assert await watched.answer() == [1]
    assert watched.files.status.error.startswith("there is no policy")


async def test_a_broken_one_at_the_start_is_no_policy(watched: Watched) -> None:
    watched.write(BROKEN)
    for _ in range(2):
        with pytest.raises(PolicyError, match=r"own.rego:3: this is unclosed$"):
            await watched.answer()


async def test_those_who_ask_at_once_wait_for_one_look(watched: Watched) -> None:
    watched.write(GOOD)
    programs = await asyncio.gather(*(watched.files.program() for _ in range(5)))
    assert len({id(program) for program in programs}) == watched.compiled == 1


async def test_a_look_that_is_given_up_is_made_again(watched: Watched) -> None:
    watched.write(GOOD)
    watched.fails_with = asyncio.CancelledError()
    with pytest.raises(asyncio.CancelledError):
        await watched.answer()
    watched.fails_with = None
    assert await watched.answer(later_s=0) == [1]


async def test_a_machine_that_cannot_try_it_now_tries_it_again(watched: Watched) -> None:
    watched.write(GOOD)
    watched.fails_with = OSError(errno.EAGAIN, "Resource temporarily unavailable")
    why = f"^the policy in {watched.folder} cannot be tried: Resource temporarily unavailable$"
    with pytest.raises(PolicyError, match=why):
        await watched.answer()
    watched.fails_with = None
    assert await watched.answer() == [1]


def test_tests_and_hidden_files_do_not_judge_and_folders_do(watched: Watched) -> None:
    for name in ("own.rego", "own_test.rego", ".hidden.rego", "notes.md", "more/other.rego"):
        watched.write(GOOD, name)
    found = {Path(name).relative_to(watched.folder).as_posix() for name in read_sources(watched.folder).texts}
    assert found == {"own.rego", "more/other.rego"}


def test_a_revision_is_of_names_and_contents(watched: Watched) -> None:
    watched.write(GOOD)
    revisions = [read_sources(watched.folder).revision]
    watched.write(BETTER)
    revisions.append(read_sources(watched.folder).revision)
    (watched.folder / "own.rego").rename(watched.folder / "other.rego")
    revisions.append(read_sources(watched.folder).revision)
    assert len(set(revisions)) == 3


@pytest.mark.parametrize("kind", ["folder", "bytes"])
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "own.rego"
    if kind == "folder":
        path.mkdir()
    else:
        path.write_bytes(b"\xff\xfe")
    why = {"folder": "Is a directory", "bytes": "it is not UTF-8"}[kind]
    with pytest.raises(PolicyError, match=rf"^{path} cannot be read: {why}; mend or remove it$"):
        read_sources(tmp_path)
