// hone init: writes files to start from.
import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { defineCommand } from 'citty'
import { HoneError, lookup } from '../error.ts'
import { writeFileAtomic } from '../text/jsonl.ts'
import { log } from '../out.ts'
import { REWARD_STARTER } from '../job/init/starter.ts'

const STARTERS: Record<string, Record<string, string>> = { reward: REWARD_STARTER }

export default defineCommand({
  meta: { description: 'write files to start from: a reward of your own with its test' },
  args: {
    what: { type: 'positional', description: Object.keys(STARTERS).join(', '), required: true },
    output: { type: 'string', alias: 'o', description: 'folder to write; this one unless given', valueHint: 'DIR' },
  },
  run({ args }) {
    const folder = args.output ?? '.'
    const paths = Object.entries(lookup(STARTERS, 'starter', args.what)).map(([name, text]) => ({
      path: join(folder, name),
      text,
    }))
    const taken = paths.find(({ path }) => existsSync(path))
    if (taken)
      throw new HoneError('Cannot write the starter: the file exists', {
        at: taken.path,
        hint: 'Give another folder with -o.',
      })
    mkdirSync(folder, { recursive: true })
    for (const { path, text } of paths) writeFileAtomic(path, text)
    log(`wrote ${paths.map(({ path }) => path).join(' and ')}`)
  },
})
