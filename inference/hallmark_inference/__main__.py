"""``python -m hallmark_inference``: run the inference service."""

import sys

from hallmark_common.service import run_service
from hallmark_inference.service import inference_service

sys.exit(run_service("hallmark-inference", inference_service))
