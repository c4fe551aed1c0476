"""What the names of QoA4ML are here: its metrics, operators, aggregate functions, units, roles and stages.

QoA4ML names them in ``qoa4ml.lang.attributes`` and ``qoa4ml.lang.datamodel_enum`` (0.3), and wrote them in capitals
before (``ResponseTime``); letters and digits alone are compared.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from hallmark_common.contracts.values import Operator

Section = Literal["service", "data", "model"]

SECTIONS: Mapping[str, Section] = {
    "service": "service",
    "services": "service",
    "data": "data",
    "mlspecific": "model",
    "mlmodels": "model",
}
"""What the sections of ``quality`` that hold constraints of metrics are about."""


@dataclass(frozen=True, slots=True)
class Known:
    """What a metric of QoA4ML is here, or why nothing."""

    metric: str = ""
    why_not: str = ""


_RESOURCES = Known(why_not="Hallmark measures predictions; watch resources of machines with Prometheus")

METRICS: Mapping[tuple[Section, str], Known] = {
    ("service", "responsetime"): Known("response_time"),
    ("service", "availability"): Known("availability"),
    ("service", "reliability"): Known("reliability"),
    ("service", "cpuusage"): _RESOURCES,
    ("service", "memoryusage"): _RESOURCES,
    # "The ratio between correct and total data the service received": whether data is as the schema says.
    ("data", "accuracy"): Known("validity"),
    ("data", "completeness"): Known("completeness"),
    ("data", "totalerrors"): Known("total_errors"),
    ("data", "errorratios"): Known("error_ratios"),
    ("data", "duplicateratio"): Known("duplicate_ratio"),
    ("data", "totalduplicate"): Known("total_duplicate"),
    ("data", "nullcount"): Known("null_count"),
    ("data", "nullcorrelations"): Known(why_not="correlations of missing values are not measured; null_count is"),
    ("data", "totalvalid"): Known("total_valid"),
    ("data", "totalnone"): Known("total_none"),
    ("data", "noneratio"): Known("none_ratio"),
    ("data", "imagesize"): Known("image_size"),
    ("data", "objectsize"): Known(why_not="objects in images are not measured; image_size is"),
    ("data", "colormode"): Known(why_not="a colour mode is no number; write color_mode with `of` and a share"),
    ("data", "colorchannel"): Known(why_not="channels of images are not measured; color_mode is"),
    ("model", "auc"): Known("auc"),
    ("model", "accuracy"): Known("accuracy"),
    ("model", "mse"): Known("mse"),
    ("model", "precision"): Known("precision"),
    ("model", "recall"): Known("recall"),
}

OPERATORS: Mapping[str, Operator] = {
    "lessequal": "<=",
    "lessthan": "<",
    "greaterequal": ">=",
    "greaterthan": ">",
    # Before 0.3: the greatest or the least value that is allowed.
    "max": "<=",
    "min": ">=",
}

AGGREGATES: Mapping[str, str] = {"average": "mean", "max": "max", "min": "min", "sum": "sum"}
"""Aggregate functions of 0.3; COUNT, OR, AND and PRODUCT have no counterpart."""

PERCENT = frozenset({"percentage", "percent", "%"})

UNITS: Mapping[str, str] = {
    **dict.fromkeys(("s", "sec", "second", "seconds"), "s"),
    **dict.fromkeys(("ms", "millisecond", "milliseconds"), "ms"),
    **dict.fromkeys(("us", "microsecond", "microseconds"), "us"),
    **dict.fromkeys(PERCENT, "%"),
    **dict.fromkeys(("", "none", "float", "ratio", "count"), ""),
}
"""Units as a threshold is written here."""

ROLES: Mapping[str, str] = {
    **dict.fromkeys(("mlconsumer", "mluser", "consumer", "user"), "consumer"),
    **dict.fromkeys(("mlprovider", "provider"), "owner"),
    **dict.fromkeys(("mlinfrastructure", "infprovider", "infrastructureprovider"), "operator"),
}

STAGES: Mapping[str, str] = {
    **dict.fromkeys(("web", "webserver", "webservice", "gateway", "apigateway", "edge"), "web"),
    **dict.fromkeys(("preprocess", "preprocessing", "preprocessor", "dataprocessing", "transformation"), "preprocess"),
    **dict.fromkeys(("inference", "mlinference", "inferenceserver", "edgeinferenceserver"), "inference"),
}


def bare(name: object) -> str:
    """A name without capitals, lines and spaces, so that spellings of it are equal."""
    return re.sub(r"[^a-z0-9%]", "", str(name).lower())
