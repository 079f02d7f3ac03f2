// Hammer's metric against its original script on its own example and on cases of its edges.
import { expect, test } from 'bun:test'
import type { Call } from '../../src/dialogue/call/format.ts'
import { hammerCounts, hammerScores, type HammerCounts } from '../../src/eval/hammer.ts'
import { isObject, parseJson } from '../../src/text/json.ts'
import { readRecords } from '../../src/text/jsonl.ts'
import { sharedPath } from '../shared.ts'

const read = (text: string) => parseJson(text.replace(/```(json)?/g, '')) as unknown as Call[]

test('values are compared as text, empty ones ignored, expected calls are not used up', () => {
  const all: HammerCounts[] = [
    hammerCounts(
      read('[{"name":"f","arguments":{"a":"2","c":3}},{"name":"g","arguments":{}}]'),
      read('[{"name":"f","arguments":{"a":1,"b":""}},{"name":"f","arguments":{"a":2}}]'),
    ),
    hammerCounts(read('[{"name":"g","arguments":{}}]'), read('[{"name":"g","arguments":{}}]')),
    hammerCounts(null, read('[{"name":"g","arguments":{"x":true}}]')),
    hammerCounts(
      read('[{"name":"g","arguments":{"x":"True","y":"None","z":"[1, \'a\']"}},{"name":"g","arguments":{"x":true}}]'),
      read('[{"name":"g","arguments":{"x":true,"y":null,"z":[1,"a"]}}]'),
    ),
    hammerCounts([], []),
  ]
  // Printed by the original script for the same five lines.
  expect(hammerScores(all)).toEqual({
    names: { precision: 0.6666666666666666, recall: 0.8, f1: 0.7272727272727272 },
    parameters: { precision: 1.0, recall: 1.0, f1: 1.0 },
  })
})

const example = sharedPath('data', 'hammer', 'example_eval.jsonl')
test.skipIf(!example)('the example that comes with it gives the numbers that its script prints', async () => {
  const all: HammerCounts[] = []
  for await (const { value } of readRecords(example!))
    if (isObject(value)) all.push(hammerCounts(read(String(value['predict'])), read(String(value['label']))))
  expect(hammerScores(all)).toEqual({
    names: { precision: 0.8571428571428571, recall: 0.8571428571428571, f1: 0.8571428571428571 },
    parameters: { precision: 0.8181818181818182, recall: 0.8181818181818182, f1: 0.8181818181818182 },
  })
})
