"""Inference: the Open Inference Protocol v2 on ONNX Runtime."""

import hallmark_common  # noqa: F401  # before ONNX Runtime is imported: it reads what this sets
