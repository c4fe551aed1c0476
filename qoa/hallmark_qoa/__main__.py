"""``python -m hallmark_qoa``: run the QoA engine."""

import gc
import sys

from hallmark_common.service import run_service
from hallmark_qoa.service import qoa_service

GC_THRESHOLD = 50_000
"""Objects made before the collector looks for cycles. Spans are made by the thousand and form none: looking after
every 700 objects, the default, cost about 15 % of the CPU time from decode to store."""

if __name__ == "__main__":
    gc.set_threshold(GC_THRESHOLD)
    sys.exit(run_service("hallmark-qoa", qoa_service))
