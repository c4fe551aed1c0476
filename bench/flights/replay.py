"""Replay: flights asked about in the order of their departures, and their truths told once they have landed."""

import heapq
from collections.abc import Awaitable, Callable, Sequence

from bench.flights.flight import Flight, by_time
from bench.flights.services import Asked, Known, Services

NS = 10**9

After = Callable[[int], Awaitable[None]]
"""Is called with the event time, in seconds since 1970, up to which everything has been sent and told."""


class Replay:
    """Where a replay is: what it waits for to land."""

    def __init__(self, services: Services, callers: int) -> None:
        self.sent = 0
        self._services = services
        self._callers = callers
        self._in_the_air: list[tuple[int, str, str]] = []

    async def run(self, flights: Sequence[Flight], step_s: int, after: After) -> None:
        """Step by step of event time: ask about those that depart, tell of those that have landed."""
        for end_s, departing in by_time(flights, step_s):
            await self.step(departing, end_s)
            await after(end_s)

    async def step(self, departing: Sequence[Flight], end_s: int) -> None:
        """Ask about flights, then tell of all that have landed before an event time, in seconds since 1970."""
        if departing:
            await self._depart(departing)
        await self.land(end_s)

    async def _depart(self, flights: Sequence[Flight]) -> None:
        asked = [Asked(flight.row, flight.departure_s * NS) for flight in flights]
        found = await self._services.predict_all(asked, self._callers)
        self.sent += len(flights)
        for flight, prediction in zip(flights, found, strict=True):
            if prediction is not None and flight.landed_s is not None:
                heapq.heappush(self._in_the_air, (flight.landed_s, prediction, flight.truth))

    async def land(self, until_s: int | None = None) -> None:
        """Tell of all that landed before an event time, in seconds since 1970; of everything where it is None."""
        known = []
        while self._in_the_air and (until_s is None or self._in_the_air[0][0] < until_s):
            landed_s, prediction, truth = heapq.heappop(self._in_the_air)
            known.append(Known(prediction, truth, landed_s * NS))
        if known:
            await self._services.tell(known)
