// A user's module, loaded into this process: what it exports by default, or where in the file it goes wrong.
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { HoneError } from '../error.ts'
import { offerModule } from './offered.ts'

/** `what` it is to be, with a command that writes one to start from. @throws HoneError at the place in the file where it cannot be loaded */
export async function loadDefault(path: string, what: string, hint: string): Promise<unknown> {
  const file = resolve(path)
  if (!existsSync(file)) throw new HoneError(`Cannot load the ${what}: there is no such file`, { at: path, hint })
  offerModule()
  try {
    const module: { default?: unknown } = await import(file)
    return module.default
  } catch (cause) {
    const error = firstError(cause)
    throw new HoneError(`Cannot load the ${what}: ${error instanceof Error ? error.message : String(error)}`, {
      at: placeOf(error, file, path),
      cause,
    })
  }
}

/** Several mistakes come together: the first one is told. */
function firstError(cause: unknown): unknown {
  return cause instanceof AggregateError ? (cause.errors[0] ?? cause) : cause
}

/** `path:line:column` of an error that Bun found in building a file, or that the file threw while it was loaded. */
function placeOf(error: unknown, file: string, path: string): string {
  const position = error instanceof BuildMessage || error instanceof ResolveMessage ? error.position : null
  if (position) return `${position.file === file ? path : position.file}:${position.line}:${position.column}`
  const stack = error instanceof Error ? (error.stack ?? '') : ''
  const at = stack.indexOf(`${file}:`)
  const place = at < 0 ? undefined : /^:(\d+:\d+)/.exec(stack.slice(at + file.length))?.[1]
  return place === undefined ? path : `${path}:${place}`
}
