"""What the build scripts of the shipped models share."""

import hallmark_common  # noqa: F401  # before ONNX Runtime is imported: it reads what this sets
