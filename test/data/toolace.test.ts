// ToolACE's calls: the published script's reading line by line, and the language itself read properly.
import { expect, test } from 'bun:test'
import { hasToolaceForm, isToolaceCompatCall, parseToolaceCompat } from '../../src/dialogue/call/toolace-tool-n1.ts'
import { convert } from '../../src/data/convert.ts'
import { sourceNamed } from '../../src/data/sources.ts'
import { parseToolaceCalls } from '../../src/data/toolace-call.ts'
import { dumpJson, isObject, parseJson } from '../../src/text/json.ts'
import { PythonError } from '../../src/text/python/value.ts'
import { sharedPath } from '../shared.ts'

const verdicts = sharedPath('verdicts', 'toolace_parse.jsonl.gz')
test.skipIf(!verdicts)(
  "every verdict of Tool-N1's parser is given: calls, form, and whether a turn is taken for calls",
  async () => {
    const lines = new TextDecoder()
      .decode(Bun.gunzipSync(await Bun.file(verdicts!).bytes()))
      .trim()
      .split('\n')
    expect(lines.length).toBeGreaterThan(1000)
    for (const line of lines) {
      const row = parseJson(line)
      if (!isObject(row) || typeof row['text'] !== 'string') throw new Error(line)
      const { text, parsed, valid_format, startswith_endswith, converted } = row
      expect(raising(() => dumpJson(parseToolaceCompat(text)))).toBe(String(parsed))
      expect([text, hasToolaceForm(text)]).toEqual([text, valid_format === true])
      expect(text.startsWith('[') && text.endsWith(']')).toBe(startswith_endswith === true)
      expect(raising(() => isToolaceCompatCall(text)) === true).toBe(converted === true)
    }
  },
)

test('names hold blanks, slashes, parentheses, commas and digits first', () => {
  for (const name of [
    'United States Away from Home Mobility API',
    '/madlibs-diceware',
    'DAX Point Changes for Each Month (January-August, 2022)',
    '3d.render|fast?',
    'fonction é',
  ]) {
    expect(parseToolaceCalls(`[${name}(x=1, y="a"), ${name}()]`)).toEqual([
      { name, arguments: { x: 1, y: 'a' } },
      { name, arguments: {} },
    ])
  }
})

test('values are Python or JSON literals, nested, quoted either way, or bare text', () => {
  const text = `[f(a=[1, 2.5, -3], b={"k": (True, None), 'q': {'x': null}}, c="it's (fine), really", d='say \\'hi\\'', e=2024-01-01, f=true, g=1e3, h=some words, i={1, 2})]`
  expect(dumpJson(parseToolaceCalls(text) ?? null)).toBe(
    '[{"name": "f", "arguments": {"a": [1, 2.5, -3], "b": {"k": [true, null], "q": {"x": null}}, "c": "it\'s (fine), really", "d": "say \'hi\'", "e": "2024-01-01", "f": true, "g": 1000.0, "h": "some words", "i": [1, 2]}}]',
  )
})

test('what is not wholly a list of calls is none', () => {
  for (const text of ['', 'Sure, here you are.', 'f(a=1)', '[f(a=1)', '[f(a=1)] and more', '[see (above)]', '[1, 2]'])
    expect(parseToolaceCalls(text)).toBeUndefined()
})

function raising<Result>(work: () => Result): Result | string {
  try {
    return work()
  } catch (error) {
    if (error instanceof PythonError) return `raises:${error.type}`
    throw error
  }
}

test('a turn that repeats one thing hundreds of thousands of times is read like any other', () => {
  const system =
    'Here are functions in JSON format that you can invoke:\n[{"name": "f", "description": "", "parameters": {}}]\n' +
    'Should you decide to return the function call(s).\n'
  for (const value of [
    '[f('.repeat(130_000),
    `[${'('.repeat(200_000)}]`,
    '\n'.repeat(300_000),
    `[a${' '.repeat(300_000)}`,
  ]) {
    const conversations = [
      { from: 'user', value: 'q' },
      { from: 'assistant', value },
    ]
    const record = { index: 0, line: 1, column: 1, text: '', value: { system, conversations } }
    for (const compat of [undefined, 'tool-n1']) {
      const options = { compat, keepNoCall: true, keepAbsentTools: false }
      const origin = { path: 'a.jsonl', index: 0, companion: new Map<string, string>() }
      const { rows, rejections } = convert('toolace', sourceNamed('toolace'), record, origin, options)
      expect(rows.length + rejections.length).toBe(1)
    }
  }
}, 120_000)
