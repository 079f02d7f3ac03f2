// Every lint rule says of its bad example what was reviewed, is silent on the good one, and mends what it says it mends.
import { expect, test } from 'bun:test'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import {
  exampleContext,
  examplePath,
  findingsOf,
  findingsPath,
  findingsText,
  lintFixtures,
  mended,
} from '../../fixtures/lint.ts'
import { checkerOf } from '../../src/lint/check.ts'
import { explainLines } from '../../src/lint/explain.ts'
import { chooseRules, rules } from '../../src/lint/rules.ts'
import { scratch } from '../scratch.ts'

const context = await exampleContext()

test('codes are unique, in order, and at least forty', () => {
  const codes = rules.map(({ code }) => code)
  expect(codes).toEqual([...new Set(codes)].sort())
  expect(codes.length).toBeGreaterThanOrEqual(40)
  for (const code of codes) expect(code).toMatch(/^HN\d{3}$/)
})

for (const rule of rules)
  test(`${rule.code} says of its bad example what fixtures/lint/${rule.code}.txt holds, and nothing of its good one`, async () => {
    const text = await findingsText(rule, context)
    expect(text).toContain(` ${rule.severity} ${rule.code} `)
    expect(text).toBe(readFileSync(findingsPath(rule), 'utf8'))
    expect(await findingsOf([rule], examplePath(rule, 'good'), context)).toEqual([])
  })

for (const rule of rules.filter(({ fix }) => fix))
  test(`${rule.code} is mended by its fix, and a second fix changes nothing`, async () => {
    const once = await mended(rule, examplePath(rule, 'bad'), context)
    expect(once.changed).toBeGreaterThan(0)
    const path = join(scratch(), 'mended.jsonl')
    writeFileSync(path, once.text)
    expect(await findingsOf([rule], path, context)).toEqual([])
    expect(await mended(rule, path, context)).toEqual({ text: once.text, changed: 0 })
  })

test('good examples give no finding under the default rules', async () => {
  const chosen = chooseRules(undefined, undefined)
  for (const rule of rules) {
    const found = await findingsOf(chosen, examplePath(rule, 'good'), {})
    expect(found.map(({ diagnostic: { code, message } }) => `${rule.code} gives ${code} ${message}`)).toEqual([])
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
  const names = [
    ...Object.keys(lintFixtures()).map((name) => basename(name)),
    ...rules.map(({ code }) => `${code}.txt`),
  ]
  expect(readdirSync(join(import.meta.dir, '../../fixtures/lint')).sort()).toEqual(names.sort())
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
  // Rows stand whole, so that they can be copied.
  const plain = (lines: string[]) => lines.map((line) => Bun.stripANSI(line).trim())
  for (const { code, bad } of rules)
    if (!/[\x00-\x1f\ufeff\ufffd]/.test(bad)) expect(plain(explainLines(code, 'text'))).toContain(bad.trim())
})
