// Runs a user's reward file inside this process: its default export is asked for one row at a time.
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { HoneError } from '../error.ts'
import type { Json } from '../text/json.ts'
import { offerModule, plainRow } from './offered.ts'
import { faulty, type Verdict } from './reward.ts'
import { toVerdict } from './rows.ts'

/** Asks the reward for one row. Never rejects: what goes wrong is the verdict's fault. */
export type Answer = (row: Json) => Promise<Verdict>

/** The reward in `path`. @throws HoneError at the place in the file where it cannot be loaded, or where it exports no function. */
export async function loadReward(path: string): Promise<Answer> {
  const file = resolve(path)
  if (!existsSync(file)) throw new HoneError('Cannot load the reward: there is no such file', { at: path })
  offerModule()
  let module: { default?: unknown }
  try {
    module = await import(file)
  } catch (cause) {
    const error = firstError(cause)
    throw new HoneError(`Cannot load the reward: ${error instanceof Error ? error.message : String(error)}`, {
      at: placeOf(error, file, path),
      cause,
    })
  }
  const reward = module.default
  if (typeof reward !== 'function') {
    throw new HoneError('Cannot load the reward: it has no default export that is a function', {
      at: path,
      hint: '`hone init reward` writes one to start from',
    })
  }
  return async (row) => {
    try {
      return toVerdict(await reward(plainRow(row)))
    } catch (error) {
      return faulty(error)
    }
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
