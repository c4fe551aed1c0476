"""``python -m hallmark_preprocess``: the preprocess service as a process."""

import sys

from hallmark_common.service import run_service
from hallmark_preprocess.service import preprocess_service

if __name__ == "__main__":
    sys.exit(run_service("hallmark-preprocess", preprocess_service))
