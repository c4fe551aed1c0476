"""What is measured, against whom; run by ``make bench``, results in ``bench/results``."""

import hallmark_common  # noqa: F401  # before ONNX Runtime is imported: it reads what this sets
