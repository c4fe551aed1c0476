"""Dashboard: whether contracts hold, what is observed against what is promised, and how judging itself does.

Consumers are named as far as contracts name them, ``*`` where a contract is with every one: labels come from files.
"""

from grafana.layout import Page, Row, values_of
from grafana.panels import FULL, HALF, QUARTER, THIRD, Panels, graph, listing, number, timeline
from grafana.queries import now, over_time, rows

OBJECTIVE = "contract, objective, consumer"
CHOSEN = 'contract=~"$contract", objective=~"$objective"'
NAMED = "{{contract}} {{objective}}"
LATEST = "Of the latest window that was judged."


def page() -> Page:
    """The dashboard."""
    return Page(
        "contracts",
        "Hallmark: contracts",
        "Whether contracts hold, by how much, what is left of their budgets, and whether they are judged in time.",
        (
            Row("Verdicts", _verdicts()),
            Row("Objectives", _objectives()),
            Row("Error budgets", _budgets()),
            Row("What verdicts rest on", _grounds()),
            Row("Judging", _judging()),
            Row("Who is told", _events()),
        ),
        (
            values_of("contract", "Contract", "label_values(hallmark_qoa_objective_threshold, contract)"),
            values_of(
                "objective",
                "Objective",
                'label_values(hallmark_qoa_objective_threshold{contract=~"$contract"}, objective)',
            ),
        ),
    )


def _verdicts() -> Panels:
    counts = [
        number(
            title,
            f"{LATEST} Objectives of which at least one consumer or variant is {word}, of any severity.",
            "short",
            now(f'count(hallmark:verdicts{{verdict="{word}", {CHOSEN}}} > 0) or vector(0)'),
            red_from=red_from,
        )
        for title, word, red_from in (
            ("Objectives violated", "violated", 1),
            ("Objectives unknown", "unknown", None),
            ("Objectives that hold", "pass", None),
        )
    ]
    return (
        *counts,
        number(
            "Verdicts that are unknown",
            "Share of the verdicts given within the time range: too few samples or truths, lost stages, no policy.",
            "percentunit",
            now(
                '(sum(increase(hallmark_qoa_judgements_total{verdict="unknown"}[$__range])) or vector(0))'
                " / sum(increase(hallmark_qoa_judgements_total[$__range]))"
            ),
        ),
        number(
            "Contracts in use",
            "Contracts that are judged by.",
            "short",
            now('max(hallmark_qoa_contracts{state="used"})'),
        ),
        number(
            "Files that cannot be used",
            "Files of contracts with an error; `hallmark contracts check` says which.",
            "short",
            now('max(hallmark_qoa_contracts{state="broken"})'),
            red_from=1,
        ),
        timeline(
            "Verdict of each objective",
            f"{LATEST} The worst of its consumers and variants.",
            over_time(f"max by ({OBJECTIVE}) (hallmark:verdict:worst{{{CHOSEN}}})", NAMED),
            {0: ("pass", "green"), 1: ("unknown", "yellow"), 2: ("violated", "red")},
        ),
    )


def _objectives() -> Panels:
    value = f"max by ({OBJECTIVE}, unit) (hallmark_qoa_objective_value{{{CHOSEN}}})"
    threshold = f"max by ({OBJECTIVE}, unit) (hallmark_qoa_objective_threshold{{{CHOSEN}}})"
    return (
        graph(
            "Observed and promised",
            f"{LATEST} In the unit of each metric, the worst of consumers and variants; choose one to compare.",
            "none",
            over_time(value, f"{NAMED} ({{{{unit}}}})"),
            over_time(threshold, f"{NAMED} promised"),
            negative=True,
        ),
        graph(
            "Observed, as a share of the promised",
            f"{LATEST} All on one scale: 1 is the threshold. Objectives whose threshold is 0 are left out.",
            "percentunit",
            over_time(f"{value} / ({threshold} != 0)", NAMED),
            negative=True,
        ),
        listing(
            "Consumers and variants by verdict",
            f"{LATEST} One row an objective and verdict, without those that are none.",
            rows(f"hallmark:verdicts{{{CHOSEN}}} > 0"),
            width=FULL,
        ),
    )


def _budgets() -> Panels:
    return (
        graph(
            "Budget left",
            "Share of the error budget of its period; below 0 more than all of it has gone. The least of consumers.",
            "percentunit",
            over_time(f"min by ({OBJECTIVE}) (hallmark_qoa_objective_budget_left_ratio{{{CHOSEN}}})", NAMED),
            negative=True,
        ),
        graph(
            "Burn rate",
            "How fast the budget goes: 1 uses it up exactly at the end of the period. The highest of consumers.",
            "none",
            over_time(f"max by ({OBJECTIVE}) (hallmark_qoa_objective_burn_rate{{{CHOSEN}}})", NAMED),
        ),
    )


def _grounds() -> Panels:
    return (
        graph(
            "Complete records",
            f"{LATEST} Share of its records that have every stage; the least of consumers and variants.",
            "percentunit",
            over_time(f"min by ({OBJECTIVE}) (hallmark_qoa_objective_completeness_ratio{{{CHOSEN}}})", NAMED),
            width=THIRD,
        ),
        graph(
            "Truths by what became of them",
            "Truths a second: joined to their prediction, waiting for it, corrected, superseded, refused.",
            "cps",
            over_time("sum by (outcome) (rate(hallmark_qoa_truths_total[$__rate_interval]))", "{{outcome}}"),
            width=THIRD,
        ),
        graph(
            "Label coverage and delay",
            "Truths joined within the time range per record stored; and coverage and delay themselves where a contract "
            "promises them (metrics label_coverage and label_delay), each in its unit.",
            "none",
            over_time(
                '(sum(increase(hallmark_qoa_truths_total{outcome="joined"}[$__range])) or vector(0))'
                ' / sum(increase(hallmark_qoa_records_total{outcome="stored"}[$__range]))',
                "truths a record",
            ),
            over_time(
                f'max by ({OBJECTIVE}) (hallmark_qoa_objective_value{{{CHOSEN}, figure=~"label_.*"}})',
                NAMED,
            ),
            width=THIRD,
        ),
    )


def _judging() -> Panels:
    return (
        number(
            "Engines without a policy",
            "Every verdict that they give is unknown.",
            "short",
            now('count(hallmark_qoa_policy{state="used"} == 0) or vector(0)'),
            width=QUARTER,
            red_from=1,
        ),
        number(
            "Something is wrong with the policy",
            "1: newer files are not used, or the last question had no answer.",
            "short",
            now('max(hallmark_qoa_policy{state="wrong"})'),
            width=QUARTER,
            red_from=1,
        ),
        number(
            "Lag",
            "For how long the window that waits longest has been over.",
            "s",
            now("max(hallmark_qoa_judging_lag_seconds)"),
            width=QUARTER,
            red_from=300,
        ),
        number(
            "Windows that wait now",
            "Something changed in them; those that are not over included.",
            "short",
            now("max(hallmark_qoa_window_marks)"),
            width=QUARTER,
        ),
        graph(
            "Windows made",
            "A second: folded from records, judged, and made again because something changed meanwhile.",
            "cps",
            over_time("sum by (outcome) (rate(hallmark_qoa_windows_total[$__rate_interval]))", "{{outcome}}"),
            width=THIRD,
        ),
        graph(
            "Verdicts given",
            "A second, those that were given again included.",
            "cps",
            over_time("sum by (verdict) (rate(hallmark_qoa_judgements_total[$__rate_interval]))", "{{verdict}}"),
            width=THIRD,
            stacked=True,
        ),
        graph(
            "Windows that wait",
            "What is to be folded or judged, and for how long the one that waits longest has been over.",
            "none",
            over_time("max(hallmark_qoa_window_marks)", "windows"),
            over_time("max(hallmark_qoa_judging_lag_seconds)", "lag in seconds"),
            width=THIRD,
        ),
    )


def _events() -> Panels:
    return (
        graph(
            "Changes of verdicts by what became of them",
            "A second, by sink: told, failed and tried again, given up.",
            "cps",
            over_time(
                "sum by (sink, outcome) (rate(hallmark_qoa_events_total[$__rate_interval]))", "{{sink}} {{outcome}}"
            ),
            width=HALF,
        ),
        graph(
            "Changes that wait to be told",
            "In the engines that tell them.",
            "short",
            over_time("sum(hallmark_qoa_untold_events)", "waiting"),
            width=HALF,
        ),
    )
