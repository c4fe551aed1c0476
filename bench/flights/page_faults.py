"""What docs/flights.md says of the faults, from their results."""

from typing import Any

from bench.flights.draw import false_per_100

Document = dict[str, Any]
NAMES = {"hallmark": "Hallmark", "mean latency": "mean latency", "each report": "each report"}


def of_faults(faults: Document) -> dict[str, str]:
    """Figures of the page."""
    design = faults["design"]
    return {
        "run_windows": str(design["windows"]),
        "window_s": str(design["window_s"]),
        "per_window": str(design["predictions_a_window"]),
        "seeds": str(design["seeds"]),
        "frozen": f"{design['frozen_ms']:.0f}",
        "running": f"{design['running_ms']:.0f}",
        "objectives": str(len(design["objectives"])),
        "slow_text": _slow(faults["table"]["hallmark"]),
        "fault_table": "\n".join(_rows(faults["table"])),
    }


def _slow(rows: Document) -> str:
    """What is beside the right blame where a process does not get to run."""
    row = rows["slow preprocess"]
    beside = row["right_blame"] - row["nothing_else_blamed"]
    named = f"in {beside} of the {row['right_blame']} runs" if beside else f"in none of the {row['right_blame']} runs"
    return (
        "A process that does not get to run leaves little on its own span, for most requests wait before they reach "
        "it: slow inference shows in the way to inference and hardly in its own time. A frozen preprocess is late in "
        "taking the answer of inference too, which looks like a long way to inference, so a long way is blamed on "
        f"whichever of its ends departs most. Something else was named beside preprocess {named} that name it."
    )


def _rows(table: Document) -> list[str]:
    kinds = [kind for kind in table["hallmark"] if kind != "none"]
    return [
        f"| | {' | '.join(f'{name}: found, delay, blamed' for name in NAMES.values())} |",
        f"| --- | {' | '.join('---' for _ in NAMES)} |",
        *(f"| {kind} | {' | '.join(_cell(table[rule][kind]) for rule in NAMES)} |" for kind in kinds),
        f"| false alarms per 100 fault-free windows | {' | '.join(_false(table[rule]) for rule in NAMES)} |",
    ]


def _cell(row: Document) -> str:
    found = f"{row['within_two_windows']} of {row['runs']}"
    if not row["detected"]:
        return found
    blamed = f"{row['right_blame']} ({row['nothing_else_blamed']}) of {row['detected']}"
    return f"{found}; {row['delay_median']:g}, at worst {row['delay_worst']}; {blamed}"


def _false(rows: Document) -> str:
    windows = sum(row["fault_free_windows"] for row in rows.values())
    return f"{false_per_100(rows):.1f} (of {windows:,})"
