"""Judge by the policy of an OPA server: ``POST /v1/data/hallmark/verdicts`` of its REST API."""

import http.client
import json
from collections.abc import Sequence
from urllib.parse import SplitResult, urlsplit

from hallmark_common.errors import StartupError
from hallmark_common.settings import variable
from hallmark_qoa.judge.facts import Facts, Judgement, to_input
from hallmark_qoa.judge.policy.asking import Asking
from hallmark_qoa.judge.policy.base import PolicyError, PolicyStatus

PATH = "/v1/data/hallmark/verdicts"
CONNECTIONS = {"http": http.client.HTTPConnection, "https": http.client.HTTPSConnection}
TIMEOUT_S = 2.0
BATCH = 100
JSON = "application/json"
SETTING = variable("qoa_opa_url")


class OpaPolicy:
    """A :class:`~hallmark_qoa.judge.policy.open.Policy` over a connection that is kept."""

    def __init__(self, url: str) -> None:
        """``http://host:port``, or https; StartupError where it is something else."""
        self._url = _checked(url)
        self._place = f"{self._url.scheme}://{self._url.netloc}"
        self._connection: http.client.HTTPConnection | None = None
        self._asking = Asking(f"OPA at {self._place}", TIMEOUT_S, BATCH)

    async def judge(self, facts: Sequence[Facts]) -> list[Judgement]:
        """One judgement each, in their order; see :class:`~hallmark_qoa.judge.policy.open.Policy`."""
        return await self._asking.judge(facts, self._answer)

    def status(self) -> PolicyStatus:
        """Where OPA is, and what is wrong with its last answer."""
        return PolicyStatus(self._place, "", None, self._asking.error)

    async def close(self) -> None:
        """Let go of the connection."""
        self._asking.close()
        if self._connection is not None:
            self._connection.close()

    def _answer(self, batch: Sequence[Facts]) -> object:
        question = json.dumps({"input": {"facts": [to_input(facts) for facts in batch]}}, allow_nan=False).encode()
        status, body = self._posted(question)
        match status, _parsed(body):
            case 200, {"result": answer}:
                return answer
            case 200, {}:  # any object
                said = "nothing for data.hallmark.verdicts; start it with the folder of the policies"
            case _, {"message": str(message), **more}:
                said = f"{message}{_first_error(more.get('errors'))}"
            case _:
                said = "not as OPA answers"
        raise PolicyError(f"OPA at {self._place} answered {status}: {said}")

    def _posted(self, question: bytes) -> tuple[int, bytes]:
        """Status and body. Where a kept connection turns out to be closed, another one is tried."""
        kept = self._connection is not None
        try:
            return self._exchange(question)
        except (ConnectionError, http.client.HTTPException) as error:
            if kept:
                return self._posted(question)
            raise self._unreachable(error) from None
        except TimeoutError:
            raise
        except OSError as error:
            raise self._unreachable(error) from None

    def _unreachable(self, error: Exception) -> PolicyError:
        why = getattr(error, "strerror", None) or type(error).__name__
        return PolicyError(f"OPA at {self._place} does not answer: {why}; start it or correct {SETTING}")

    def _exchange(self, question: bytes) -> tuple[int, bytes]:
        if self._connection is None:
            self._connection = CONNECTIONS[self._url.scheme](self._url.netloc, timeout=TIMEOUT_S)
        try:
            self._connection.request("POST", self._url.path.rstrip("/") + PATH, question, {"Content-Type": JSON})
            response = self._connection.getresponse()
            return response.status, response.read()
        except Exception:
            self._connection.close()
            self._connection = None
            raise


def _checked(text: str) -> SplitResult:
    try:
        url = urlsplit(text)
        usable = url.scheme in CONNECTIONS and url.hostname and url.port != 0 and not (url.query or url.fragment)
    except ValueError:
        usable = None
    if not usable or url.username is not None:
        raise StartupError(f"{SETTING}: not a usable URL; expected http://host:port, or https://")
    return url


def _parsed(body: bytes) -> object:
    try:
        return json.loads(body)
    except ValueError:
        return None


def _first_error(errors: object) -> str:
    """OPA tells what went wrong in a list beside its general message."""
    match errors:
        case [{"message": str(message)}, *_]:
            return f": {message}"
    return ""
