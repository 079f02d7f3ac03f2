// Probes against numbers of transformers and numpy, and hone probe as a user runs it.
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import golden from '../../../fixtures/golden/probe.json'
import * as v from 'valibot'
import { HoneError } from '../../../src/error.ts'
import { openDevice } from '../../../src/gpu/device/open.ts'
import { openModel } from '../../../src/gpu/policy/model.ts'
import { probeCommand, ProbeFlags } from '../../../src/job/probe/command.ts'
import { principalDirection } from '../../../src/job/probe/direction.ts'
import { fitDirections } from '../../../src/job/probe/fit.ts'
import { fitRule, type Side, turns } from '../../../src/job/probe/rule.ts'
import { ask, scoreOf } from '../../../src/job/probe/states.ts'
import { dot, unit } from '../../../src/job/probe/vector.ts'
import { runHere } from '../../here.ts'
import { toLines, writeTinyModel } from '../../cmd/tiny-model.ts'

setDefaultTimeout(120_000)
const minicall = join(import.meta.dir, '../../../fixtures/minicall/model')
const { model: language } = golden
const tokens = JSON.parse(readFileSync(join(minicall, 'tokenizer.json'), 'utf8')).model.vocab
const gap = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Math.max(...Array.from(a, (value, i) => Math.abs(value - b[i]!)))

describe('the direction', () => {
  test('is numpy’s first singular vector, T+ scoring higher', () => {
    for (const { differences, direction } of golden.directions)
      expect(gap(principalDirection(differences.map((each) => Float64Array.from(each)))!, direction)).toBeLessThan(1e-9)
  })

  test('is one along which no other spreads the pairs more, whichever text stands first', () => {
    const row = fc.array(fc.integer({ min: -9, max: 9 }), { minLength: 3, maxLength: 3 })
    fc.assert(
      fc.property(fc.array(row, { minLength: 2, maxLength: 9 }), row, (rows, other) => {
        const all = rows.map((each) => Float64Array.from(each))
        const found = principalDirection(all)
        const against = unit(Float64Array.from(other))
        if (!found || !against) return
        const spread = (direction: Float64Array) => all.reduce((sum, each) => sum + dot(each, direction) ** 2, 0)
        expect(spread(found)).toBeGreaterThan(spread(against) - 1e-3)
        expect(all.reduce((sum, each) => sum + dot(each, found), 0)).toBeGreaterThan(-1e-9)
        const turned = principalDirection(all.map((each) => each.map((value) => -value)))!
        expect(spread(turned)).toBeCloseTo(spread(found), 3)
      }),
    )
  })

  test('is none where no pair differs', () => {
    expect(principalDirection([new Float64Array(4), new Float64Array(4)])).toBeUndefined()
  })
})

describe('a rule', () => {
  test('makes as many decisions right, turning as few round, as the best of all thresholds', () => {
    for (const { scores, wrong, both, above } of golden.rules)
      for (const [sides, want] of [
        [['below', 'above'], both],
        [['above'], above],
      ] as [Side[], typeof both][]) {
        const rule = fitRule(
          scores.map((score, i) => ({ score, wrong: wrong[i]! })),
          sides,
        )
        const turned = scores.map((score) => turns(rule, score))
        expect(turned.filter((each, i) => each === wrong[i]).length).toBe(want.right)
        expect(turned.filter(Boolean).length).toBe(want.turned)
      }
  })
})

test('states, directions, scores and P(yes) of a model are those of transformers and numpy', async () => {
  const model = openModel(await openDevice('cpu', { threads: 1 }), minicall)
  const text = (prompt: readonly number[]) => ({ prompt, answer: [] })
  const pairs = language.pairs.map(([high, low]) => ({ at: 'here', positive: text(high!), negative: text(low!) }))
  // As good as all of them: what one pair judges is no part of the numbers.
  const fitted = fitDirections(model, [...pairs, pairs[0]!], {
    layers: undefined,
    positions: [0],
    share: 8 / 9,
    seed: FIRST_EIGHT,
  })
  // The last token of both texts is the same: its embedding tells nothing, and has no direction.
  expect(fitted.map(({ layer }) => layer)).toEqual([1, 2, 3, 4, 5, 6])
  for (const [layer, want] of Object.entries(language.scores)) {
    const directions = fitted.filter((each) => each.layer === Number(layer))
    const probe = {
      directions: directions.map(({ layer, direction }) => ({ layer, direction: [...direction] })),
      positions: [0],
    }
    const asked = language.items.map((prompt, i) =>
      ask(model, { at: 'here', id: String(i), prompt, label: undefined }, { yes: tokens.yes, no: tokens.no }, probe),
    )
    const largest = Math.max(...want.map(Math.abs), 1)
    expect(
      gap(
        asked.map(({ states }) => scoreOf(states, directions)),
        want,
      ) / largest,
    ).toBeLessThan(1e-4)
    expect(
      gap(
        asked.map(({ pYes }) => pYes),
        language.p_yes,
      ),
    ).toBeLessThan(1e-5)
  }
  model.free()
})
/** A seed by which the last of nine rows is the one left to judge. */
const FIRST_EIGHT = 0

describe('hone probe', () => {
  const place = mkdtempSync(join(tmpdir(), 'hone-probe-'))
  const hone = (...words: string[]) =>
    runHere(['probe', join(place, 'model'), '--device', 'cpu', '--yes', 'yes', '--no', 'no', ...words], { cwd: place })
  const rowsOf = (text: string) =>
    text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
  const question = (n: number) => ({
    id: `q${n}`,
    prompt: `open the note, count = ${n % 10}${(n * 7) % 10}, size = ${n}`,
  })
  const questions = Array.from({ length: 24 }, (_, n) => question(n))

  beforeAll(() => {
    // What is right here is what its states say: weights need not have learnt anything.
    writeTinyModel(join(place, 'model'))
    const pair = (n: number) => ({ positive: `${n} is red, count = ${n}`, negative: `${n} is dark, count = ${n}` })
    writeFileSync(join(place, 'pairs.jsonl'), toLines(Array.from({ length: 12 }, (_, n) => pair(n))))
    writeFileSync(join(place, 'questions.jsonl'), toLines(questions))
  })
  afterAll(() => rmSync(place, { recursive: true }))

  test('fits a direction, says what it is worth beside simpler ways, and is used from its file', async () => {
    const first = await hone(
      '--pairs',
      'pairs.jsonl',
      '--data',
      'questions.jsonl',
      '--layers',
      '-2,-1',
      '--format',
      'ndjson',
      '-o',
      'probe.json',
    )
    expect(first.code).toBe(0)
    const scores: number[] = rowsOf(first.stdout).map(({ score }) => score)
    const middle = scores.toSorted((a, b) => a - b)[12]!
    // Right is what the states say: a probe must find it, and what the model says must not.
    const known = questions.map((row, i) => ({ ...row, label: scores[i]! >= middle ? 'yes' : 'no' }))
    writeFileSync(join(place, 'known.jsonl'), toLines(known))
    const fitted = await hone(
      '--pairs',
      'pairs.jsonl',
      '--data',
      'known.jsonl',
      '--layers',
      '-2,-1',
      '--format',
      'json',
      '-o',
      'probe.json',
    )
    expect(fitted.code).toBe(0)
    const { methods, taken, rows, layers } = JSON.parse(fitted.stdout)
    expect({ taken, rows, layers: layers.map(({ layer }: { layer: number }) => layer) }).toEqual({
      taken: [1, 2],
      rows: { fit: 12, test: 12 },
      layers: [1, 2],
    })
    const test = Object.fromEntries(methods.map(({ name, test }: { name: string; test: number }) => [name, test]))
    expect(Object.keys(test)).toEqual(['naive', 'p-yes', 'p-yes-2', 'probe', 'random'])
    expect(test['probe']).toBeGreaterThanOrEqual(0.8)
    expect(test['naive']).toBeLessThan(0.75)
    const used = await hone('--probe', 'probe.json', '--data', 'known.jsonl', '--format', 'ndjson')
    expect(used.code).toBe(0)
    const decisions = rowsOf(used.stdout)
    expect(decisions.map(({ score }) => score)).toEqual(scores)
    const right = decisions.filter(({ decision }, i) => decision === known[i]!.label).length
    expect(right).toBeGreaterThanOrEqual(20)
    expect(used.stderr).toContain(`${((100 * right) / 24).toFixed(1)}`)
  })

  test('what does not go together, and files that cannot be used, end with 2 and say where', async () => {
    writeFileSync(join(place, 'bad.jsonl'), toLines([{ positive: 'a' }]))
    writeFileSync(join(place, 'labels.jsonl'), toLines([{ prompt: 'a', label: 'maybe' }]))
    writeFileSync(join(place, 'same.jsonl'), toLines([1, 2, 3].map(() => ({ positive: 'a b', negative: 'a b' }))))
    writeFileSync(
      join(place, 'wide.json'),
      JSON.stringify({
        hidden: 4,
        directions: [{ layer: 1, direction: [1, 0, 0, 0] }],
        positions: [0],
        yes: 'yes',
        no: 'no',
      }),
    )
    const cases: [Partial<ProbeFlags>, string, string?][] = [
      [{ data: 'questions.jsonl' }, 'Give either --pairs FILE'],
      [{ pairs: 'bad.jsonl' }, 'Cannot read the pair: it has no "negative"', 'bad.jsonl:1'],
      [{ pairs: 'pairs.jsonl', layers: [3] }, 'Cannot look at layer 3: the model has layers 0 to 2'],
      [{ pairs: 'pairs.jsonl', positions: [1] }, 'Cannot look at position 1: the answer has 0 tokens', 'pairs.jsonl:1'],
      [{ pairs: 'same.jsonl' }, 'Cannot fit a direction: the texts of every pair have the same states', 'same.jsonl:1'],
      [{ pairs: 'pairs.jsonl', data: 'labels.jsonl' }, 'Unknown label: maybe', 'labels.jsonl:1'],
      [
        { probe: 'wide.json', data: 'questions.jsonl' },
        'Cannot use the probe: it was fitted on states of width 4',
        'wide.json',
      ],
      [{ probe: 'pairs.jsonl', data: 'questions.jsonl' }, 'Cannot read the probe', 'pairs.jsonl'],
      [{ pairs: 'pairs.jsonl', no: 'yes' }, 'Cannot tell "yes" from "yes"'],
    ]
    for (const [flags, said, at] of cases) {
      const files = Object.fromEntries(
        Object.entries(flags).map(([key, value]) => [
          key,
          typeof value === 'string' && value.includes('.') ? join(place, value) : value,
        ]),
      )
      const given = v.parse(ProbeFlags, { model: join(place, 'model'), device: 'cpu', yes: 'yes', no: 'no', ...files })
      const error: unknown = await probeCommand(given).catch((error: unknown) => error)
      expect(error).toBeInstanceOf(HoneError)
      expect(error).toMatchObject({
        exit: 2,
        message: expect.stringContaining(said),
        ...(at !== undefined && { at: join(place, at) }),
      })
    }
  })
})
