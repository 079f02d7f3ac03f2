// Faults that users of this trade met, as cases beside the checkout: each runs as they would run it, and holds.
import { describe, expect, setDefaultTimeout, test } from 'bun:test'
import { join } from 'node:path'
import { parseJson } from '../src/text/json.ts'
import { miss } from './cases/match.ts'
import { check, findCases, runCase, type Case } from './cases/run.ts'
import { forms } from './hone.ts'
import { sharedPath } from './shared.ts'

setDefaultTimeout(600_000)
const root = join(import.meta.dir, '..')
const folder = sharedPath('cases')
const cases = folder === undefined ? [] : findCases(folder)
/** Runs at once: some cases have little time for what they do. */
const AT_ONCE = 2

test.skipIf(folder === undefined)('the cases lie beside the checkout', () => expect(cases.length).toBeGreaterThan(0))

describe('case', () => {
  const [, hone] = forms[0]!
  const waiting: (() => void)[] = []
  let running = 0
  const inTurn = async (work: () => Promise<void>): Promise<void> => {
    if (running >= AT_ONCE) await new Promise<void>((go) => waiting.push(go))
    else running++
    try {
      await work()
    } finally {
      const next = waiting.shift()
      if (next) next()
      else running--
    }
  }
  const canRun = ({ programs }: Case) => programs.every((program) => Bun.which(program) !== null)
  for (const each of cases)
    test
      .skipIf(!canRun(each))
      .concurrent(`${each.name}: ${each.title}`, () =>
        inTurn(async () => expect(await runCase(each, hone, root)).toBeUndefined()),
      )
})

describe('the matcher of cases', () => {
  /** Pattern, what it takes, what it does not. */
  const patterns: [string, string[], string[]][] = [
    ['5', ['5'], ['5.0', 'true', '"5"', '6', 'null']],
    ['5.0', ['5.0', '5e0'], ['5', '"5.0"']],
    ['true', ['true'], ['1', 'false']],
    ['9007199254740993', ['9007199254740993'], ['9007199254740992']],
    [
      '{"a": 1, "b": [1, 2]}',
      ['{"b": [1, 2], "a": 1}'],
      ['{"a": 1}', '{"a": 1, "b": [2, 1]}', '{"a": 1, "b": [1, 2], "c": 0}'],
    ],
    ['{"a": {"$any": true}}', ['{"a": null}'], ['{}', '{"a": 1, "b": 2}']],
    ['{"$has": {"a": 1, "b": {"$absent": true}}}', ['{"a": 1, "c": 2}'], ['{"a": 1, "b": null}', '{"a": 2}', '[]']],
    ['{"$in": [1, "x"]}', ['1', '"x"'], ['2', '1.0']],
    ['{"$not": 1}', ['2'], ['1']],
    ['{"$all": [{"$above": 1}, {"$below": 3}]}', ['2', '2.5'], ['1', '3', '"2"']],
    ['{"$contains": [1, {"a": 2}]}', ['[{"a": 2}, 3, 1]'], ['[1]', '5']],
    ['{"$contains": "ab"}', ['"cabs"'], ['"ba"']],
    ['{"$lacks": "ab"}', ['"ba"'], ['"cabs"', '1']],
    ['{"$matches": "(?i)^a.b$"}', ['"A\\nb"', '"axb\\n"'], ['"xaxb"', '1']],
    ['{"$starts": "ab"}', ['"abc"'], ['"cab"']],
    ['{"$ends": "ab"}', ['"cab"'], ['"abc"']],
    ['{"$number": 5}', ['5', '5.0'], ['5.1', '"5"', 'true']],
    ['{"$near": [1, 0.1]}', ['1.05', '1'], ['1.2', 'null']],
    ['{"$length": 2}', ['"é😀"', '[1, 2]', '{"a": 1, "b": 2}'], ['"a"', '5']],
    ['{"$json": {"a": 1}}', ['"{\\"a\\": 1}"'], ['"{\\"a\\": 1.0}"', '"x"', '{"a": 1}']],
  ]
  test.each(patterns)('%s', (pattern, right, wrong) => {
    for (const each of right) expect(miss(parseJson(pattern), parseJson(each), 'it', '.')).toBeUndefined()
    for (const each of wrong) expect(miss(parseJson(pattern), parseJson(each), 'it', '.')).toStartWith('')
  })

  test('codes, rows, texts and files that are wrong are told', () => {
    const done = { exit: 0, stdout: '{"a": 1}\n{"a": 2}\n', stderr: 'note' }
    const told = (expected: unknown) => check(parseJson(JSON.stringify(expected)), done, import.meta.dir)
    const right = [
      { exit: [0, 1], stdout: { rows: [{ a: 1 }, { a: 2 }], count: 2 }, stderr: 'not' },
      { stdout: { has_row: [{ a: 2 }], no_row: [{ a: 3 }], each_row: [{ a: { $any: true } }] } },
      { files: { 'cases.test.ts': { exists: true }, 'cases.json': { absent: true } } },
      { one_of: [{ exit: 1 }, { exit: 0 }] },
    ]
    const wrong = [
      { exit: 1 },
      { stdout: { rows: [{ a: 1 }] } },
      { stdout: { rows: [{ a: 2 }, { a: 1 }] } },
      { stdout: { has_row: [{ a: 3 }] } },
      { stdout: { no_row: [{ a: 2 }] } },
      { stdout: { each_row: [{ a: 1 }] } },
      { stdout: { json: {} } },
      { stderr: { count: 0 } },
      { stderr: 'fault' },
      { files: { 'cases.json': { exists: true } } },
      { files: { 'cases.test.ts': { same_as: 'hone.ts' } } },
      { one_of: [{ exit: 1 }, { exit: 2 }] },
      { exits: 0 },
    ]
    for (const each of right) expect(told(each)).toBeUndefined()
    for (const each of wrong) expect(told(each)).toBeString()
  })
})
