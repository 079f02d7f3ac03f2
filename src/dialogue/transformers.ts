// The one door to @huggingface/transformers, used for its tokenizers and chat templates. Slow to load: only what needs it opens it.

/**
 * The package's build for browsers. Its build for Node loads sharp and a second binding of ONNX Runtime as soon as it is
 * imported, which a compiled binary cannot do and which would take the runtime's one environment before hone sets it up.
 * The package exports no path to this file, hence the path into node_modules.
 */
export const loadTransformers = async () =>
  await import('../../node_modules/@huggingface/transformers/dist/transformers.web.js')
