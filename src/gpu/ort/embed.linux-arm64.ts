// ONNX Runtime for Linux on arm64: a path in node_modules when run from source, a file inside the binary when compiled.
import path from 'onnxruntime-node/bin/napi-v6/linux/arm64/libonnxruntime.so.1' with { type: 'file' }

export default { name: 'libonnxruntime.so.1', path }
