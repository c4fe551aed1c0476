"""Changes of verdicts to a URL, as CloudEvents in structured mode (CloudEvents HTTP Protocol Binding 1.0.2)."""

import asyncio
import http.client
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import SplitResult, urlsplit

from hallmark.qoa.v1.qoa_pb2 import VerdictChange
from hallmark_common.errors import StartupError
from hallmark_common.settings import variable
from hallmark_qoa.events.base import GivenUpError, SinkName, UntoldError
from hallmark_qoa.events.cloudevent import CONTENT_TYPE, cloud_event

SETTING = variable("qoa_webhook_url")
TIMEOUT_S = 5.0
MAX_BEHIND = 500

_CONNECTIONS = {"http": http.client.HTTPConnection, "https": http.client.HTTPSConnection}
_AGAIN = frozenset({http.HTTPStatus.REQUEST_TIMEOUT, http.HTTPStatus.TOO_MANY_REQUESTS})


class Webhook:
    """A :class:`hallmark_qoa.events.base.EventSink` that posts; 2xx is taken, 408, 429 and 5xx are tried again."""

    name: SinkName = "webhook"
    max_behind = MAX_BEHIND

    def __init__(self, url: str, timeout_s: float = TIMEOUT_S) -> None:
        """``timeout_s`` is for each of connecting, sending and the answer; StartupError where the URL is none."""
        self._url = _checked(url)
        # Not the path nor the query: they may hold a secret.
        self.place = f"webhook at {self._url.scheme}://{self._url.netloc}"
        self._timeout_s = timeout_s
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="hallmark-webhook")

    async def tell(self, change: VerdictChange) -> None:
        """See the protocol."""
        body = cloud_event(change)
        try:
            status = await asyncio.get_running_loop().run_in_executor(self._thread, self._post, body)
        except TimeoutError:
            raise UntoldError(f"no answer within {self._timeout_s:g} s") from None
        except (OSError, http.client.HTTPException) as error:
            raise UntoldError(f"it cannot be reached: {_why(error)}") from None
        if status in _AGAIN or status >= http.HTTPStatus.INTERNAL_SERVER_ERROR:
            raise UntoldError(f"it answered {status}")
        if not http.HTTPStatus.OK <= status < http.HTTPStatus.MULTIPLE_CHOICES:
            raise GivenUpError(f"it answered {status}; correct {SETTING} or what listens there")

    async def close(self) -> None:
        """See the protocol; what is under way ends by itself within its timeouts."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    def _post(self, body: bytes) -> int:
        """The status of the answer. A connection for each: changes are rare, and a kept one may be closed meanwhile."""
        connection = _CONNECTIONS[self._url.scheme](self._url.netloc, timeout=self._timeout_s)
        try:
            connection.request("POST", self._target(), body, {"Content-Type": CONTENT_TYPE, "Connection": "close"})
            return int(connection.getresponse().status)
        finally:
            connection.close()

    def _target(self) -> str:
        query = f"?{self._url.query}" if self._url.query else ""
        return f"{self._url.path or '/'}{query}"


def _why(error: Exception) -> str:
    return getattr(error, "strerror", None) or type(error).__name__


def _checked(text: str) -> SplitResult:
    try:
        url = urlsplit(text)
        usable = url.scheme in _CONNECTIONS and url.hostname and url.port != 0 and url.username is None
        usable = usable and not url.fragment and text.isascii() and text.isprintable() and " " not in text
    except ValueError:
        usable = False
    if not usable:
        # The text itself is not shown: it may hold a secret.
        raise StartupError(f"{SETTING}: not a usable URL; expected http://host:port/path, or https://")
    return url
