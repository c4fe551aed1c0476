"""What all services of Hallmark share."""

import os

# gRPC's core writes lines of its own to stderr, also where the failure is handled and told by us in one line.
os.environ.setdefault("GRPC_VERBOSITY", "NONE")
# ONNX Runtime sends usage data to its maker and keeps a database of it in the home folder, from the moment of its
# import, unless it finds this. Packages that import it import this one first.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
