// Shared libraries imported with { type: 'file' } are paths.
declare module '*.so.1' {
  const path: string
  export default path
}
declare module '*.dylib' {
  const path: string
  export default path
}
