// ONNX Runtime for Windows on x86-64: a path in node_modules when run from source, a file inside the binary when compiled.
import path from 'onnxruntime-node/bin/napi-v6/win32/x64/onnxruntime.dll' with { type: 'file' }

export default { name: 'onnxruntime.dll', path }
