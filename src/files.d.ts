// Types of the imports that are no TypeScript: shared libraries are paths, what goes into a page is text, the browser build of transformers is typed as the package.
declare module '*.so.1' {
  const path: string
  export default path
}
declare module '*.dll' {
  const path: string
  export default path
}

declare module '*.dylib' {
  const path: string
  export default path
}
declare module '*.wasm' {
  const path: string
  export default path
}
declare module '*/transformers.web.js' {
  export * from '@huggingface/transformers'
}
declare module '*.css' {
  const text: string
  export default text
}
declare module '*.md' {
  const text: string
  export default text
}
declare module '*.sh' {
  const text: string
  export default text
}
