"""Periods of event time, as options say them."""

from dataclasses import dataclass

from hallmark.qoa.v1.qoa_pb2 import RecordFilter
from hallmark_cli.errors import CliError
from hallmark_cli.payload import timestamp


@dataclass(frozen=True, slots=True)
class Period:
    """From a time on, until before another; None is as far as there is anything. Nanoseconds since 1970."""

    from_ns: int | None = None
    before_ns: int | None = None

    def __contains__(self, ns: int) -> bool:
        return (self.from_ns is None or ns >= self.from_ns) and (self.before_ns is None or ns < self.before_ns)

    def around(self, lead_ns: int, size_s: int) -> "Period":
        """The period and so much before it, up to the end of windows of a size that start in it."""
        step_ns = size_s * 10**9
        return Period(
            None if self.from_ns is None else self.from_ns - lead_ns,
            None if self.before_ns is None else -(-self.before_ns // step_ns) * step_ns,
        )

    def records(self, model: str = "", consumer: str = "") -> RecordFilter:
        """Those of the period."""
        found = RecordFilter(model=model, consumer=consumer)
        if self.from_ns is not None:
            found.started_from.FromNanoseconds(self.from_ns)
        if self.before_ns is not None:
            found.started_before.FromNanoseconds(self.before_ns)
        return found


def period_of(since: str, until: str, names: tuple[str, str] = ("--from", "--until")) -> Period:
    """The period that two options say; :class:`CliError` where there is none."""
    from_ns, before_ns = (
        timestamp(name, text).ToNanoseconds() if text else None
        for name, text in zip(names, (since, until), strict=True)
    )
    if from_ns is not None and before_ns is not None and from_ns >= before_ns:
        raise CliError(
            f"{names[0]} {since} {names[1]} {until}: the period ends before it begins; swap them", exit_code=2
        )
    return Period(from_ns, before_ns)
