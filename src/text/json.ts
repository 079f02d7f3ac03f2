// Reads, writes and compares JSON as Python does: the door to values, reader, writer and equality.
export { equalJson } from './json/equal.ts'
export { JsonError, MAX_DEPTH, parseJson, type JsonFault } from './json/read.ts'
export { Float, isObject, keysOf, plainJson, setKeyOrder, type Json, type JsonObject } from './json/value.ts'
export { decimalsOf, dumpJson, floatText, type DumpOptions } from './json/write.ts'
