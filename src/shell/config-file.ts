// A configuration file as a tree of values, and the line on which each key stands.
import { extname } from 'node:path'
import { HoneError } from '../error.ts'
import { JsonError, parseJson } from '../text/json.ts'
import { readWhole } from '../text/whole.ts'

/** A tree of settings: numbers, strings, booleans, null, lists, and trees by key. */
export type Tree = { [key: string]: unknown }

export interface ConfigFile {
  path: string
  values: Tree
  /** `file:line` of a key given by its path from the root; the file alone where the line cannot be told. */
  at(keys: readonly string[]): string
}

/** Extension → reader. Adding a format is adding a row. */
const readers: Record<string, (text: string) => unknown> = {
  '.yaml': Bun.YAML.parse,
  '.yml': Bun.YAML.parse,
  '.toml': readToml,
  '.json': (text) => JSON.parse(text) as unknown,
}

/** Bun's reader takes the square of the number of keys: minutes for a megabyte. */
const LONGEST_TOML = 2 ** 18

function readToml(text: string): unknown {
  if (text.length > LONGEST_TOML)
    throw new Error(`TOML of more than ${LONGEST_TOML / 2 ** 10} Ki characters; write YAML or JSON`)
  return Bun.TOML.parse(text)
}

/** Read `path` by its extension. Throws HoneError with the line for a syntax error or a key that stands twice. */
export function readConfigFile(path: string): ConfigFile {
  const extension = extname(path).toLowerCase()
  const read = readers[extension]
  if (!read)
    throw new HoneError(
      `Cannot read configuration "${path}": its extension is none of ${Object.keys(readers).join(', ')}`,
    )
  const text = readText(path)
  let values: unknown
  try {
    values = read(text) ?? {}
  } catch (cause) {
    throw new HoneError(`Cannot read configuration: ${cause instanceof Error ? cause.message : String(cause)}`, {
      at: `${path}:${extension === '.json' ? faultyLineOfJson(text) : faultyLine(text, read)}`,
      cause,
    })
  }
  if (!isTree(values))
    throw new HoneError('Cannot read configuration: it is not a mapping of keys to values', { at: path })
  return { path, values, at: (keys) => locate(text, read, keys, path) }
}

export const isTree = (value: unknown): value is Tree =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

function readText(path: string): string {
  try {
    return readWhole(path, 'Cannot read configuration')
  } catch (cause) {
    if (cause instanceof HoneError) throw cause
    const reason = cause instanceof Error ? cause.message.replace(/^\w+: |, \w+( '.*)?$/g, '') : String(cause)
    throw new HoneError(`Cannot read configuration "${path}": ${reason}`, { cause })
  }
}

/** The parsers tell no position: the first line from which on no beginning of the text can be read is the faulty one. */
function faultyLine(text: string, read: (text: string) => unknown): number {
  const lines = text.split('\n')
  const readable = (count: number) => canRead(lines.slice(0, count).join('\n'), read)
  let [good, line] = [0, lines.length]
  // Of a long file by halves as far as that: a beginning may be unreadable only because it ends inside of something.
  while (line - good > FEW) {
    const half = Math.floor((good + line) / 2)
    if (readable(half)) good = half
    else line = half
  }
  while (line > 1 && !readable(line - 1)) line--
  return line
}

/** Lines that may be tried one by one. */
const FEW = 500

function faultyLineOfJson(text: string): number {
  try {
    parseJson(text)
    return 1
  } catch (error) {
    return error instanceof JsonError ? text.slice(0, error.offset).split('\n').length : 1
  }
}

/** Whether a key stands on a line is asked of the parser: it does if the key is gone once it is spelt otherwise there. */
function locate(text: string, read: (text: string) => unknown, keys: readonly string[], path: string): string {
  const key = keys.at(-1)!
  const parents = keys.slice(0, -1)
  for (let from = text.indexOf(key); from >= 0; from = text.indexOf(key, from + 1)) {
    if (!STANDS_AS_KEY.test(text.slice(from + key.length, from + key.length + 40))) continue
    const renamed = `${text.slice(0, from)}${STRANGER}${text.slice(from + key.length)}`
    if (!canRead(renamed, read)) continue
    const parent = parents.reduce<unknown>((tree, each) => (isTree(tree) ? tree[each] : undefined), read(renamed))
    const at = `${path}:${text.slice(0, from).split('\n').length}`
    if (!isTree(parent) || !Object.hasOwn(parent, STRANGER)) continue
    if (Object.hasOwn(parent, key)) throw new HoneError(`Key "${keys.join('.')}" stands more than once`, { at })
    return at
  }
  return path
}

/** What follows a key: its colon or equals sign, a quote before it at most. */
const STANDS_AS_KEY = /^["']?[ \t]*[:=\]]/

/** A key that no configuration has. */
const STRANGER = 'xQz7jKw'

function canRead(text: string, read: (text: string) => unknown): boolean {
  try {
    read(text)
    return true
  } catch {
    return false
  }
}
