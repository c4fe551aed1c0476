"""How a failed call over gRPC describes itself."""

from typing import Any

import grpc
from google.rpc import error_details_pb2, status_pb2

from hallmark_common.errors import DETAILS_KEY


def error_info(error: grpc.RpcError) -> error_details_pb2.ErrorInfo:
    """The one ErrorInfo that each of our failures brings."""
    info = error_details_pb2.ErrorInfo()
    trailing: Any = error.trailing_metadata() or ()
    status = status_pb2.Status.FromString(dict(trailing)[DETAILS_KEY])
    assert status.details[0].Unpack(info)
    return info
