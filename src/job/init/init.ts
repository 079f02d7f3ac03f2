// hone init at work: writes files to start from.
import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import * as v from 'valibot'
import { HoneError } from '../../error.ts'
import { log } from '../../out.ts'
import { writeFileAtomic } from '../../text/jsonl.ts'
import { argument, folder, names, say } from '../../text/setting.ts'
import { ENV_STARTER } from './env-starter.ts'
import { REWARD_STARTER } from './starter.ts'

/** What there is → files by name. */
const starters = { reward: REWARD_STARTER, env: ENV_STARTER }

export const InitFlags = v.object({
  what: argument(names(starters), 'what to start'),
  output: say(v.optional(folder(), '.'), 'folder to write', 'o'),
})

/** @throws HoneError where a file exists already. */
export function init({ what, output }: v.InferOutput<typeof InitFlags>): void {
  const files = Object.entries(starters[what]).map(([name, text]) => ({ path: join(output, name), text }))
  const taken = files.find(({ path }) => existsSync(path))
  if (taken)
    throw new HoneError('Cannot write the starter: the file exists', {
      at: taken.path,
      hint: 'give another folder with -o',
    })
  mkdirSync(output, { recursive: true })
  for (const { path, text } of files) writeFileAtomic(path, text)
  log(`wrote ${files.map(({ path }) => path).join(' and ')}`)
}
