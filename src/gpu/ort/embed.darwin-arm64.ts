// ONNX Runtime for macOS on Apple silicon: a path in node_modules when run from source, a file inside the binary when compiled.
import path from 'onnxruntime-node/bin/napi-v6/darwin/arm64/libonnxruntime.1.30.0.dylib' with { type: 'file' }

export default { name: 'libonnxruntime.1.30.0.dylib', path }
