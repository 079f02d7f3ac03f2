// The fast way through a file: the same verdicts as the usual way, for every row that it takes on.
import { expect, setDefaultTimeout, test } from 'bun:test'
import fc from 'fast-check'
import { readFileSync } from 'node:fs'
import { toolN1Line } from '../../src/reward/bytes/tool-n1.ts'
import { readSample } from '../../src/reward/rows.ts'
import { VARIANTS } from '../../src/reward/tool-n1/tool-n1-variants.ts'
import { toolN1 } from '../../src/reward/tool-n1/tool-n1.ts'
import { sharedPath } from '../shared.ts'

// Other programs may have the machine.
setDefaultTimeout(60_000)

const quick = Object.entries(VARIANTS)
  .filter(([, { llama }]) => !llama)
  .map(([name, variant]) => ({ name, line: toolN1Line(variant), whole: toolN1(variant) }))

/** How many of the rows the fast way takes on; it must agree with the usual way on those. */
function agreed(lines: string[]): number {
  let taken = 0
  for (const line of lines) {
    const bytes = Buffer.from(`x\n${line}\n`)
    for (const { name, line: read, whole } of quick) {
      const verdict = read(bytes, 2, bytes.length - 1)
      if (!verdict) continue
      taken++
      expect([name, line, verdict]).toEqual([name, line, whole(readSample(line, 'rows', 1))])
    }
  }
  return taken / quick.length
}

const recorded = sharedPath('verdicts', 'tooln1_reward.jsonl.gz')
test.skipIf(!recorded)(
  'it agrees with the usual way on every recorded row, and takes on most of the usual ones',
  () => {
    const lines = new TextDecoder()
      .decode(Bun.gunzipSync(readFileSync(recorded!)))
      .trim()
      .split('\n')
    expect(agreed(lines)).toBeGreaterThan(0.5 * lines.length)
  },
)

const CALL = { name: 'f', arguments: { x: 1, y: 'é "quoted" \\ text', z: [null, true, { a: -1.5 }] } }
const reply = (calls: unknown) => `<think>t</think>\n<tool_call>\n${JSON.stringify(calls)}\n</tool_call>`
const row = (completion: string, truth: unknown) =>
  JSON.stringify({ id: 'a', completion, ground_truth: JSON.stringify(truth), step: 3, note: null })

test('usual rows are taken on: other columns, white space, escapes, several calls in any order', () => {
  const G = { name: 'g', arguments: {} }
  const usual = [
    row(reply([CALL]), [CALL]),
    row(reply([{ ...CALL, arguments: {} }]), [CALL]),
    row(reply([G, CALL]), [CALL, G]),
    row(reply([G]), [CALL]),
    row('no call', [CALL]),
    row(reply([]), []),
    row('<tool_call>[{]</tool_call>', [CALL]),
  ]
  expect(agreed(usual)).toBe(usual.length)
})

test('numbers, repeated keys and keys in another order are never mistaken', () => {
  const values = [
    '1',
    '1.0',
    '1e0',
    '-0',
    '0',
    '"1"',
    'true',
    '12',
    'null',
    '[1]',
    '{}',
    '{"a":1,"b":2}',
    '{"b":2,"a":1}',
    '{"a":1,"a":2}',
    '{"a":2}',
    '"\\u0031"',
    'NaN',
    '9007199254740993',
  ]
  const lines = values.flatMap((given) =>
    values.map((wanted) =>
      JSON.stringify({
        completion: `<think></think><tool_call>[{"name":"f","arguments":{"x":${given}}}]</tool_call>`,
        ground_truth: `[{"name":"f","arguments":{"x":${wanted}}}]`,
      }),
    ),
  )
  agreed(lines)
})

test('no bytes make it disagree or read past the row', () => {
  const piece = fc.constantFrom(
    '<think>',
    '</think>',
    '<tool_call>',
    '</tool_call>',
    '<|im_start|>assistant',
    '[',
    ']',
    '{',
    '}',
    '"name"',
    '"arguments"',
    ':',
    ',',
    '"f"',
    '"x"',
    '1',
    '1.0',
    '-',
    'true',
    'null',
    'NaN',
    '\\',
    '\n',
    '\t',
    '\f',
    'é',
    ' ',
    '\u00a0',
    '\\u0041',
    JSON.stringify([CALL]),
    '[{"name":"f","arguments":{}}]',
  )
  const text = fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join(''))
  fc.assert(
    fc.property(
      text,
      fc.oneof(text, fc.constant('[{"name":"f","arguments":{}}]'), fc.constant(JSON.stringify([CALL]))),
      fc.boolean(),
      (completion, ground_truth, ascii) => {
        const line = JSON.stringify({ completion: `<think></think><tool_call>${completion}</tool_call>`, ground_truth })
        agreed([
          ascii
            ? line.replace(/[\u0080-\uffff]/g, (unit) => '\\u' + unit.charCodeAt(0).toString(16).padStart(4, '0'))
            : line,
        ])
      },
    ),
    { numRuns: 5_000 },
  )
})

test('a malformed row is left to the reader that says where', () => {
  for (const line of [
    '',
    '{',
    '{"completion": "a"',
    '{"completion": "a", "ground_truth": "[]"} x',
    '{"completion": "a\u0001", "ground_truth": "[]"}',
    '{"completion": "a", "ground_truth": "[]", "n": 01}',
    '{"completion": "a" "ground_truth": "[]"}',
    '{"completion": "\\x", "ground_truth": "[]"}',
  ]) {
    const bytes = Buffer.from(line + '\n')
    expect([line, quick[0]!.line(bytes, 0, bytes.length - 1)]).toEqual([line, undefined])
  }
})
