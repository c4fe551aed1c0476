"""Dashboard: quality of analytics, of all requests from metrics and by consumer and model from the kept traces.

No metric has a label for the consumer or the model: these come from outside, and anyone could make up more of them.
"""

from grafana.layout import Page, Row, text
from grafana.panels import FULL, HALF, THIRD, Panels, graph, listing, number
from grafana.queries import now, over_time, spans, traces_over_time

RECORDS = "hallmark_qoa_records_total"
OF_BOTH = 'span.hallmark.consumer =~ "$consumer" && span.hallmark.model.name =~ "$model"'
KEPT = "Of the traces that Tempo keeps: those that failed by our fault or were slow, and a share of all others."


def page() -> Page:
    """The dashboard."""
    return Page(
        "quality",
        "Hallmark: quality of analytics",
        "How good records, data and answers are: over all requests, and by consumer and model.",
        (
            Row("Records of all requests", _records()),
            Row("Contracts, on a dashboard of their own", _contracts()),
            Row("Stages of all requests", _stages()),
            Row("By consumer and model", _by_consumer_and_model()),
            Row("Predictions", _predictions()),
        ),
        (text("consumer", "Consumer (regular expression)", ".*"), text("model", "Model (regular expression)", ".*")),
    )


def _records() -> Panels:
    return (
        number(
            "Records",
            "Records stored within the time range.",
            "short",
            now(f'sum(increase({RECORDS}{{outcome="stored"}}[$__range]))'),
        ),
        number(
            "Incomplete",
            "Share of the records stored within the time range that lacked a stage when they were.",
            "percentunit",
            now(
                f'(sum(increase({RECORDS}{{outcome="incomplete"}}[$__range])) or vector(0))'
                f' / sum(increase({RECORDS}{{outcome="stored"}}[$__range]))'
            ),
            red_from=0.05,
        ),
        graph(
            "Records by what became of them",
            "Stored anew, updated by late spans, unchanged by them, put back because the store failed, and so on.",
            "cps",
            over_time(f"sum by (outcome) (rate({RECORDS}[$__rate_interval]))", "{{outcome}}"),
            width=16,
        ),
    )


def _contracts() -> Panels:
    return (
        number(
            "Objectives violated",
            "Of any contract, in the latest window that was judged, for at least one consumer or variant.",
            "short",
            now('count(hallmark:verdicts{verdict="violated"} > 0) or vector(0)'),
            red_from=1,
        ),
        number(
            "Objectives unknown",
            "Likewise: too few samples, truths or complete records, or no policy.",
            "short",
            now('count(hallmark:verdicts{verdict="unknown"} > 0) or vector(0)'),
        ),
        graph(
            "Verdicts given",
            "A second, by verdict; those that were given again because something came late included.",
            "cps",
            over_time("sum by (verdict) (rate(hallmark_qoa_judgements_total[$__rate_interval]))", "{{verdict}}"),
            width=16,
            stacked=True,
        ),
    )


def _stages() -> Panels:
    calls = 'traces_span_metrics_calls_total{hallmark_stage!=""}'
    failed = 'traces_span_metrics_calls_total{hallmark_stage!="", hallmark_status!="OK"}'
    return (
        graph(
            "Stages by outcome",
            "Stages a second by how they ended, every request counted.",
            "ops",
            over_time(
                f"sum by (hallmark_stage, hallmark_status) (rate({calls}[$__rate_interval]))",
                "{{hallmark_stage}} {{hallmark_status}}",
            ),
        ),
        graph(
            "Stages that ended otherwise than OK",
            "Divided by all of that stage.",
            "percentunit",
            over_time(
                f"sum by (hallmark_stage) (rate({failed}[$__rate_interval]))"
                f" / sum by (hallmark_stage) (rate({calls}[$__rate_interval]))",
                "{{hallmark_stage}}",
            ),
        ),
    )


def _by_consumer_and_model() -> Panels:
    web = f'{{ span.hallmark.stage = "web" && {OF_BOTH} }}'
    preprocess = f'{{ span.hallmark.stage = "preprocess" && {OF_BOTH} }}'
    return (
        graph(
            "Predictions by consumer and model",
            f"Predictions a second, the ten most frequent. {KEPT}",
            "reqps",
            traces_over_time(f"{web} | rate() by (span.hallmark.consumer, span.hallmark.model.name) | topk(10)"),
            width=THIRD,
        ),
        graph(
            "Duration by model",
            f"The 95th percentile as the consumer sees it. {KEPT}",
            "s",
            traces_over_time(f"{web} | quantile_over_time(duration, .95) by (span.hallmark.model.name)"),
            width=THIRD,
        ),
        graph(
            "Status by consumer",
            f"Predictions a second that did not end OK, the ten most frequent. {KEPT}",
            "reqps",
            traces_over_time(
                f'{{ span.hallmark.stage = "web" && span.hallmark.status != "OK" && {OF_BOTH} }}'
                " | rate() by (span.hallmark.consumer, span.hallmark.status) | topk(10)"
            ),
            width=THIRD,
        ),
        graph(
            "Distance of the data from the reference",
            f"Mean by model, in robust standard deviations. {KEPT}",
            "none",
            traces_over_time(
                f"{preprocess} | avg_over_time(span.hallmark.data.distance) by (span.hallmark.model.name)"
            ),
        ),
        graph(
            "Missing cells",
            f"Mean share of missing cells by model. {KEPT}",
            "percentunit",
            traces_over_time(
                f"{preprocess} | avg_over_time(span.hallmark.data.missing_ratio) by (span.hallmark.model.name)"
            ),
        ),
    )


def _predictions() -> Panels:
    facts = (
        "span.hallmark.prediction, span.hallmark.consumer, span.hallmark.model.name, span.hallmark.model.version,"
        " span.hallmark.status, span.hallmark.reason"
    )
    measured = (
        "span.hallmark.prediction, span.hallmark.consumer, span.hallmark.model.name, span.hallmark.data.instances,"
        " span.hallmark.data.missing_ratio, span.hallmark.data.distance, span.hallmark.answer.kind"
    )
    return (
        listing(
            "Latest predictions",
            f"One row a prediction; its trace is a click away. {KEPT}",
            spans(f'{{ span.hallmark.stage = "web" && {OF_BOTH} }} | select({facts})'),
            width=FULL,
        ),
        listing(
            "What was measured of data and answer",
            f"As preprocess measured it. {KEPT}",
            spans(f'{{ span.hallmark.stage = "preprocess" && {OF_BOTH} }} | select({measured})'),
            width=HALF,
        ),
        listing(
            "Latest that did not end OK",
            "With the status and the reason that the consumer was given.",
            spans(f'{{ span.hallmark.stage = "web" && span.hallmark.status != "OK" && {OF_BOTH} }} | select({facts})'),
            width=HALF,
        ),
    )
