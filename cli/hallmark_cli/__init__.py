"""The `hallmark` command."""

import hallmark_common  # noqa: F401  # before ONNX Runtime is imported: it reads what this sets
