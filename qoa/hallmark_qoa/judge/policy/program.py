"""Program: a policy compiled by regopy, the interpreter of Rego in this process. It belongs to one thread at a time."""

import json
import re
from collections.abc import Mapping, Sequence

from regopy import Interpreter, LogLevel, RegoError
from regopy.rego_shared import rego_bundle_query_entrypoint, rego_free_output, rego_output_ok, rego_output_string

from hallmark_qoa.judge.facts import Facts, to_input
from hallmark_qoa.judge.policy.base import PolicyError

ENTRYPOINT = "hallmark/verdicts"

_PLACE = re.compile(r"\(error \d+:(?P<file>[^|]*)\|(?P<offset>\d+)\|\d+\n")
_MESSAGE = re.compile(r"\(errormsg \d+:(?P<message>[^\n]*)\)\n")


class Program:
    """A compiled policy."""

    def __init__(self, sources: Mapping[str, str]) -> None:
        """Compile sources by name; :class:`PolicyError` says what is wrong, in which file and line."""
        self._interpreter = Interpreter()
        # It would write to stdout, which is for logs.
        self._interpreter.log_level = LogLevel.NONE
        try:
            for name, source in sources.items():
                self._interpreter.add_module(name, source)
            self._bundle = self._interpreter.build(None, [ENTRYPOINT])
        except RegoError as error:
            raise PolicyError(_explained(str(error), sources)) from None
        # One that is not ok ends the process when it is asked.
        if not self._bundle.ok():
            raise PolicyError("the files do not compile; `opa check` says why")

    def answer(self, facts: Sequence[Facts]) -> object:
        """What the policy answers to facts, None where that is undefined; :class:`PolicyError` where it fails."""
        return self.evaluate(question(facts))

    def evaluate(self, term: str) -> object:
        """The same of facts as :func:`question` writes them."""
        try:
            self._interpreter.set_input_term(term)
            text = self._ask()
        except RegoError as error:
            raise PolicyError(f"the policy cannot be evaluated: {_message(str(error))}") from None
        if text == "undefined":
            return None
        try:
            (answer,) = json.loads(text)["expressions"]
        except ValueError:
            raise PolicyError(f"the policy cannot be evaluated: {_message(text)}") from None
        return answer

    def _ask(self) -> str:
        """The output as text: regopy's own class of it fails on errors, and does not say which."""
        output = rego_bundle_query_entrypoint(self._interpreter._impl, self._bundle._impl, ENTRYPOINT)
        try:
            text: str = rego_output_string(output)
            if not rego_output_ok(output):
                raise PolicyError("the policy cannot be evaluated: a rule has two values, or takes too many steps")
            return text
        finally:
            rego_free_output(output)


def question(facts: Sequence[Facts]) -> str:
    """Facts as the input of a policy, one line of JSON: as objects, numbers would keep six digits."""
    return json.dumps({"facts": [to_input(each) for each in facts]}, allow_nan=False)


def _explained(error: str, sources: Mapping[str, str]) -> str:
    place = _PLACE.search(error)
    if place is None or place["file"] not in sources:
        return _message(error)
    line = sources[place["file"]].encode().count(b"\n", 0, int(place["offset"])) + 1
    return f"{place['file']}:{line}: {_message(error)}"


def _message(error: str) -> str:
    found = _MESSAGE.search(error)
    return found["message"] if found else "its answer cannot be read"
