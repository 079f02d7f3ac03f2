// hone init at work: writes a small set of files that works as it is.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import * as v from 'valibot'
import { HoneError } from '../../error.ts'
import { makeFolder } from '../../gpu/weights/folder.ts'
import { log } from '../../out.ts'
import { next } from '../../shell/next.ts'
import { writeFileAtomic } from '../../text/jsonl.ts'
import { argument, folder, names, say, toggle } from '../../text/setting.ts'
import { dataStarter } from './data.ts'
import { envStarter } from './environment.ts'
import { rewardStarter } from './reward.ts'
import type { Starter } from './starter.ts'
import { trainStarter } from './train.ts'

const starters: Record<'data' | 'train' | 'reward' | 'env', Starter> = {
  data: dataStarter,
  train: trainStarter,
  reward: rewardStarter,
  env: envStarter,
}

export const InitFlags = v.object({
  what: argument(
    names(starters),
    Object.entries(starters)
      .map(([name, { what }]) => `${name}: ${what}`)
      .join('; '),
  ),
  output: say(v.optional(folder(), '.'), 'folder to write', 'o'),
  python: say(toggle(), 'of a reward: in Python'),
})

/** @throws HoneError where a file exists already. */
export function init({ what, output, python }: v.InferOutput<typeof InitFlags>): void {
  if (python && what !== 'reward')
    throw new HoneError(`Cannot start ${what} in Python: it is a reward that is written in it`, {
      hint: 'hone init reward --python',
    })
  const starter = starters[what]
  const options = { folder: output, python }
  const at = (name: string) => join(output, name)
  const files = Object.entries(starter.files(options))
  const taken = files.map(([name]) => at(name)).find((path) => existsSync(path))
  if (taken !== undefined)
    throw new HoneError('Cannot write the starter: the file exists', {
      at: taken,
      hint: 'give another folder with -o',
    })
  for (const [name, content] of files) {
    makeFolder(join(at(name), '..'))
    writeFileAtomic(at(name), content)
  }
  log(`wrote ${files.map(([name]) => at(name)).join(', ')}`)
  next(...starter.next(at, options))
}
