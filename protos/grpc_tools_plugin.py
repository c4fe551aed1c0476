"""A protoc plugin around grpcio-tools, so that buf generates with exactly that compiler.

Usage, from buf.gen.yaml: ``grpc_tools_plugin.py python|pyi|grpc_python``. It reads a CodeGeneratorRequest on
stdin and writes a CodeGeneratorResponse on stdout, as every protoc plugin does.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

from google.protobuf.compiler.plugin_pb2 import CodeGeneratorRequest, CodeGeneratorResponse
from google.protobuf.descriptor_pb2 import FileDescriptorSet


def generate(request: CodeGeneratorRequest, generator: str) -> CodeGeneratorResponse:
    """Generate the requested files with one of the generators built into grpcio-tools."""
    response = CodeGeneratorResponse(supported_features=CodeGeneratorResponse.FEATURE_PROTO3_OPTIONAL)
    with tempfile.TemporaryDirectory() as folder:
        descriptors = Path(folder, "descriptors.binpb")
        descriptors.write_bytes(FileDescriptorSet(file=request.proto_file).SerializeToString())
        out = Path(folder, "out")
        out.mkdir()
        command = [sys.executable, "-m", "grpc_tools.protoc", f"--descriptor_set_in={descriptors}"]
        command += [f"--{generator}_out={out}", *request.file_to_generate]
        run = subprocess.run(command, capture_output=True, text=True, check=False)
        if run.returncode:
            response.error = run.stderr
            return response
        for path in sorted(out.rglob("*.py*")):
            response.file.add(name=str(path.relative_to(out)), content=path.read_text())
    return response


if __name__ == "__main__":
    message = CodeGeneratorRequest.FromString(sys.stdin.buffer.read())
    sys.stdout.buffer.write(generate(message, sys.argv[1]).SerializeToString())
