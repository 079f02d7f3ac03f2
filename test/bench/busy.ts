// How long a training step takes beside programs that compute too, against its share of the cores: with k busy processes
// beside its t threads on c cores it has c·t / (t + k) of them, and should take no longer than 1.5 times what that allows.
// Usage: bun test/bench/busy.ts [COMPETITORS …] [--rounds N] [--device D] [--threads N] [--peers PYTHON]. Competitors are 0, 1 and 3
// unless given; a step is the median of the rounds after the first; with --peers the same is done with TRL. Prints one line of JSON a
// side and number; exit 1 where hone takes longer.
import { cpus } from 'node:os'
import { join } from 'node:path'
import * as v from 'valibot'
import { sharedPath } from '../shared.ts'
import { lastLine, words } from './words.ts'

const MOST = 1.5
const { places, device, peers, threads, rounds } = words()
const work = ['m1', '512', '64', '8', '4', String(rounds + 1)]
const counts = places.length > 0 ? places.map(Number) : [0, 1, 3]
const own = [join(import.meta.dir, 'step.ts'), ...work, '--device', device, '--threads', String(threads)]
const trl = peers && sharedPath('peers', 'trl_step.py')
const sides = { hone: [process.execPath, ...own], ...(trl && { trl: [peers, trl, ...work] }) }

let late = 0
for (const [side, command] of Object.entries(sides)) {
  let alone: number | undefined
  for (const busy of counts) {
    const seconds = await beside(busy, command)
    alone ??= seconds
    const share = Math.max(1, (threads + busy) / cpus().length)
    const times = seconds / alone / share
    if (side === 'hone' && times > MOST) late++
    console.log(
      JSON.stringify({
        side,
        busy,
        step_s: seconds,
        times_alone: round(seconds / alone),
        share,
        over_share: round(times),
      }),
    )
  }
}
process.exit(late > 0 ? 1 : 0)

/** Seconds of a step of `command` while so many processes do nothing but loop, no longer than this one lives. */
async function beside(busy: number, command: string[]): Promise<number> {
  const others = Array.from({ length: busy }, () => Bun.spawn(['sh', '-c', 'while kill -0 $PPID; do :; done']))
  try {
    return v.parse(v.looseObject({ step_s: v.number() }), await lastLine(command)).step_s
  } finally {
    for (const each of others) each.kill()
  }
}

function round(value: number): number {
  return Number(value.toFixed(2))
}
