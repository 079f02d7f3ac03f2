// Types of the imports that are no TypeScript: shared libraries are paths, the browser build of transformers is typed as the package.
declare module '*.so.1' {
  const path: string
  export default path
}
declare module '*.dylib' {
  const path: string
  export default path
}
declare module '*/transformers.web.js' {
  export * from '@huggingface/transformers'
}
