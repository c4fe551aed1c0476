"""What all services of Hallmark share."""

import os

# gRPC's core writes lines of its own to stderr, also where the failure is handled and told by us in one line.
os.environ.setdefault("GRPC_VERBOSITY", "NONE")
