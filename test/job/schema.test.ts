// JSON Schemas beside another validator: what hone reads and writes is as they say, and what it refuses is not.
import { describe, expect, test } from 'bun:test'
import { readPair } from '../../src/data/pair.ts'
import { callFormats } from '../../src/dialogue/call.ts'
import { COMPLETIONS } from '../../src/dialogue/row.ts'
import { HoneError } from '../../src/error.ts'
import { jsonSchemaOf } from '../../src/job/schema.ts'
import { pages } from '../../src/manual/pages.ts'
import { resolveReward } from '../../src/reward/resolve.ts'
import { toSample, verdictLine } from '../../src/reward/rows.ts'
import { isObject, parseJson } from '../../src/text/json.ts'
import { taskPairs, taskRows } from '../cmd/tiny-model.ts'
import { errorsOf } from '../json-schema.ts'
import { blocksOf } from '../manual/blocks.ts'

const blocks = pages.flatMap(({ markdown }) => blocksOf(markdown))
const named = (...names: string[]) => blocks.filter(({ note }) => names.includes(note)).map(({ body }) => body)

test('rows and pairs are as their schema says', () => {
  for (const row of taskRows(20)) expect(errorsOf('rows', row)).toEqual([])
  for (const pair of taskPairs(20)) {
    expect(errorsOf('pairs', pair)).toEqual([])
    expect(readPair(JSON.parse(JSON.stringify(pair)))).toBeObject()
  }
  const [row] = taskRows(1)
  expect(errorsOf('rows', { ...row, answer: 'none' })).not.toEqual([])
  expect(errorsOf('rows', { ...row, messages: [{ role: 'robot', content: '' }] })).not.toEqual([])
  expect(errorsOf('pairs', { ...taskPairs(1)[0], chosen: undefined })).not.toEqual([])
})

describe('the files of the manual are as their schema says', () => {
  test.each([
    ['train', ['train.yaml', 'grpo.yaml']],
    ['sft', ['sft.yaml']],
    ['study', ['study.yaml']],
    ['tools', ['tools.json']],
    ['mcp', ['servers.json']],
  ])('%s', (name, files) => {
    const texts = named(...files)
    expect(texts).not.toEqual([])
    for (const text of texts) expect(errorsOf(name, Bun.YAML.parse(text))).toEqual([])
  })
})

test('a configuration of any kind is one of a kind', () => {
  const kinds = ['sft', 'dpo', 'rm', 'train'].map((kind) => {
    const { $schema: _, title: __, ...schema } = jsonSchemaOf(kind)
    return schema
  })
  // A reference counts from the root.
  const text = JSON.stringify(jsonSchemaOf('config')).replaceAll(/#\/anyOf\/\d/g, '#')
  expect(JSON.parse(text)).toMatchObject({ anyOf: kinds })
})

test('a configuration takes every spelling of a setting, and no other key', () => {
  for (const key of ['learningRate', 'learning_rate', 'learning-rate', 'lr'])
    expect(errorsOf('train', { [key]: 1e-5 })).toEqual([])
  expect(errorsOf('train', { learningRat: 1e-5 })).not.toEqual([])
  expect(errorsOf('train', { learningRate: -1 })).not.toEqual([])
  expect(errorsOf('train', { schedule: 'square' })).not.toEqual([])
  expect(errorsOf('train', { threads: null, maxGradNorm: null })).toEqual([])
})

test('completions, and what score and parse make of them, are as their schema says', async () => {
  const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value))
  const toolN1 = resolveReward('tool-n1')
  const rows = named('completions.jsonl').flatMap((text) =>
    text
      .trim()
      .split('\n')
      .map((line) => parseJson(line)),
  )
  expect(rows.length).toBeGreaterThan(4)
  for (const row of rows) {
    if (!isObject(row)) throw row
    expect(errorsOf('completions', plain(row))).toEqual([])
    const verdict = toolN1.score(toSample(row, 'here'))
    expect(errorsOf('verdicts', JSON.parse(verdictLine(verdict, row)))).toEqual([])
    const parsed = callFormats['tool-n1'].parse(String(row['completion']))
    expect(errorsOf('parsed', plain({ id: 1, ...parsed }))).toEqual([])
  }
  for (const name of COMPLETIONS) expect(errorsOf('completions', { [name]: 'x', ground_truth: null })).toEqual([])
  for (const bad of [{}, { completion: 5 }, { answer: [] }, []]) {
    expect(errorsOf('completions', bad)).not.toEqual([])
    expect(() => toSample(bad, 'here', { needsTruth: false })).toThrow(HoneError)
  }
})
