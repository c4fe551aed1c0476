"""Run the engine: ``python -m hallmark_qoa``."""

import sys

from hallmark_common.service import run_service
from hallmark_qoa.service import qoa_service

if __name__ == "__main__":
    sys.exit(run_service("hallmark-qoa", qoa_service))
