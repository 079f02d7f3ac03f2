// Runs a user's reward file inside this process: its default export is asked for one row at a time.
import { resolve } from 'node:path'
import { existsSync } from 'node:fs'
import { HoneError } from '../error.ts'
import { dumpJson, type Json } from '../text/json.ts'
import { plainJson } from './rows.ts'

/** Asks the reward for one row; gives the line to answer with. Never rejects. */
export type Answer = (row: Json) => Promise<string>

/** The reward in `path`. @throws HoneError where there is no such file, or it exports no function. */
export async function loadReward(path: string): Promise<Answer> {
  const file = resolve(path)
  if (!existsSync(file)) throw new HoneError('Cannot load the reward: there is no such file', { at: path })
  let module: { default?: unknown }
  try {
    module = await import(file)
  } catch (cause) {
    throw new HoneError(`Cannot load the reward: ${messageOf(cause)}`, { at: path, cause })
  }
  const reward = module.default
  if (typeof reward !== 'function') {
    throw new HoneError('Cannot load the reward: it has no default export that is a function', {
      at: path,
      hint: '`hone init reward` writes one to start from.',
    })
  }
  return async (row) => {
    try {
      return answerLine(await reward(plainJson(row)))
    } catch (error) {
      const fault = error instanceof Error ? error.name : 'Error'
      return dumpJson({ fault, message: messageOf(error) })
    }
  }
}

/** What the reward returned as a line; whether it is a score is decided by the one who asked. */
function answerLine(value: unknown): string {
  return (
    JSON.stringify(value, (_, item: unknown) =>
      typeof item === 'number' && !Number.isFinite(item) ? String(item) : item,
    ) ?? '{}'
  )
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
