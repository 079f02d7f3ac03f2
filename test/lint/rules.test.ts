// Every lint rule finds its bad example, is silent on the good one, and mends what it says it mends.
import { expect, test } from 'bun:test'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { lintFixtures } from '../../fixtures/lint.ts'
import { acrossOf } from '../../src/lint/across.ts'
import { checkerOf } from '../../src/lint/check.ts'
import { explainLines } from '../../src/lint/explain.ts'
import { fixLine } from '../../src/lint/fix.ts'
import { judgeOf } from '../../src/lint/judge.ts'
import type { LintContext, Rule } from '../../src/lint/rule.ts'
import { chooseRules, rules } from '../../src/lint/rules.ts'
import type { HoneRow } from '../../src/dialogue/row.ts'
import { openScorer } from '../../src/reward/scorer.ts'

const judge = await judgeOf(openScorer('tool-n1'))
const context: LintContext = {
  reward: judge,
  length: {
    limit: 100,
    count: (row) => row.messages.map(({ content }) => content.split(' ').length).reduce((a, b) => a + b, 0),
  },
  against: {
    find: (question) => (question === 'How warm will it be in Oslo tomorrow?' ? 'the same as a test row' : undefined),
  },
}

/** Codes that a text of several lines gives under one rule alone. */
async function codesOf(rule: Rule, text: string): Promise<string[]> {
  const checker = checkerOf([rule], context)
  const across = acrossOf([rule])
  const codes: string[] = []
  for (const [i, line] of text.split('\n').entries()) {
    const { found, keys, row } = checker.check(line)
    codes.push(...found.map(({ rule }) => rule.code))
    if (keys) codes.push(...across.check(keys, i + 1).map(({ rule }) => rule.code))
    if (row && rule.on === 'judged') codes.push(...(await judged(row, rule)))
  }
  return codes
}

async function judged(row: HoneRow, rule: Extract<Rule, { on: 'judged' }>): Promise<string[]> {
  const [verdict] = await judge.judge([row])
  return rule.check(verdict!, judge.name) ? [rule.code] : []
}

test('codes are unique, in order, and at least forty', () => {
  const codes = rules.map(({ code }) => code)
  expect(codes).toEqual([...new Set(codes)].sort())
  expect(codes.length).toBeGreaterThanOrEqual(40)
  for (const code of codes) expect(code).toMatch(/^HN\d{3}$/)
})

for (const rule of rules) {
  // Rows of other sources are converted before rules run; the command is tested for this one.
  if (rule.code === 'HN110') continue
  test(`${rule.code} finds its bad example and not its good one`, async () => {
    expect(await codesOf(rule, rule.bad)).toContain(rule.code)
    expect(await codesOf(rule, rule.good)).toEqual([])
  })
}

for (const rule of rules) {
  if (!rule.fix || rule.on === 'across') continue
  test(`${rule.code} is mended by its fix, and a second fix changes nothing`, () => {
    const checker = checkerOf([rule], context)
    for (const line of rule.bad.split('\n')) {
      const once = fixLine(line, checker).text
      if (once === undefined) continue
      expect(checker.check(once).found).toEqual([])
      expect(fixLine(once, checker)).toEqual({ text: once, fixes: 0 })
    }
  })
}

test('good examples give no finding under the default rules', () => {
  const checker = checkerOf(chooseRules(undefined, undefined), {})
  for (const rule of rules) {
    if (rule.code === 'HN110') continue
    const found = rule.good.split('\n').flatMap((line) => checker.check(line).found)
    expect(found.map(({ rule: { code }, message }) => `${rule.code} gives ${code} ${message}`)).toEqual([])
  }
})

test('rules are chosen by codes and their beginnings, opt-in ones only by name', () => {
  expect(chooseRules('HN3', 'HN304,HN31').map(({ code }) => code)).toEqual([
    'HN301',
    'HN302',
    'HN303',
    'HN305',
    'HN306',
    'HN307',
    'HN308',
    'HN309',
  ])
  expect(chooseRules(undefined, undefined).some(({ optIn }) => optIn)).toBe(false)
  expect(chooseRules('ALL', undefined)).toHaveLength(rules.length)
  expect(() => chooseRules('HN9x', undefined)).toThrow('Unknown rule')
})

test('a row can ask to be left alone by a rule', () => {
  const checker = checkerOf(rules, {})
  const row = JSON.parse(rules.find(({ code }) => code === 'HN306')!.bad)
  const codes = (value: unknown) => checker.check(JSON.stringify(value)).found.map(({ rule }) => rule.code)
  expect(codes(row)).toContain('HN306')
  expect(codes({ ...row, _hone: { ignore: ['HN306'] } })).not.toContain('HN306')
})

test('fixtures and the table of rules are those of the rules', () => {
  for (const [name, content] of Object.entries(lintFixtures())) {
    expect(
      readFileSync(join(import.meta.dir, '..', '..', name), 'utf8') === content
        ? name
        : `${name} is stale: run bun fixtures/lint.ts`,
    ).toBe(name)
  }
})

test('explain knows every rule by its code in any case', () => {
  for (const { code, what } of rules) expect(explainLines(code.toLowerCase(), 'text')[0]).toContain(what)
  expect(explainLines(undefined, 'text').length).toBeGreaterThan(rules.length)
  expect(() => explainLines('HN999', 'text')).toThrow('Unknown rule')
})
