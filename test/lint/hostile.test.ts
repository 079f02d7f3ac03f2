// The completions that try a reward, in every call format that a reward may read.
import { expect, test } from 'bun:test'
import { callFormats } from '../../src/dialogue/call.ts'
import { exactMatch } from '../../src/eval/match.ts'
import { hostileCompletions, rightCompletion, TOOLS } from '../../src/lint/hostile.ts'
import { openScorer } from '../../src/reward/scorer.ts'

const names = Object.keys(callFormats).filter((name) => name !== 'toolace-tool-n1')

test.each(names)('what is right in %s is read as right, and no wrong completion is the right answer itself', (name) => {
  const format = callFormats[name as keyof typeof callFormats]
  const all = hostileCompletions(format)
  expect(all.length).toBeGreaterThan(30)
  for (const { is, text, truth } of all) {
    if (is === 'right') expect(exactMatch(format.parse(text).calls, truth)).toBe(true)
    if (is === 'wrong') expect(text).not.toBe(rightCompletion(format, truth))
  }
})

test.each(names.flatMap((name) => [`calls:${name}`, `format:${name}`, `bfcl-ast:${name}`]))(
  'the right answer earns something under %s, with its tools',
  async (spec) => {
    const format = callFormats[spec.split(':')[1] as keyof typeof callFormats]
    const truth = hostileCompletions(format)[0]!.truth
    const row = { tools: TOOLS.map((tool) => ({ ...tool })) }
    const [verdict] = await openScorer(spec).score([{ completion: rightCompletion(format, truth), truth, row }])
    expect(verdict!.score).toBeGreaterThan(0)
  },
)
