// Text out of tokens: whole characters only, stop texts wherever they are cut, and a turn in pieces that is the turn as a whole.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { callFormats, type FormatName } from '../../src/dialogue/call.ts'
import { loadTokenizer, type Tokenizer } from '../../src/dialogue/chat.ts'
import { chatTokens } from '../../src/serve/tokens.ts'
import { tokenText, untilStop } from '../../src/serve/text.ts'
import { readTurn } from '../../src/serve/turn.ts'
import { writeTinyTokenizer } from '../tiny-tokenizer.ts'

const place = mkdtempSync(join(tmpdir(), 'hone-text-'))
let tokenizer: Tokenizer
beforeAll(async () => void (tokenizer = await loadTokenizer(writeTinyTokenizer(place))))
afterAll(() => rmSync(place, { recursive: true }))

const read = (ids: readonly number[]) => {
  const reader = tokenText(tokenizer)
  return [...ids.map((id) => reader.push(id)), reader.end()]
}

test('a character of several tokens comes whole', () => {
  const ids = tokenizer.encode('a☀é😀')
  const pieces = read(ids)
  expect(pieces.join('')).toBe('a☀é😀')
  expect(pieces.filter((piece) => piece.includes('\ufffd'))).toEqual([])
  expect(pieces).toContain('😀')
})

test('whatever the tokens are, the pieces are the text of all of them', () => {
  const id = fc.oneof(fc.integer({ min: 0, max: 258 }), fc.integer({ min: 128, max: 255 }))
  fc.assert(
    fc.property(fc.array(id, { maxLength: 40 }), (ids) => expect(read(ids).join('')).toBe(tokenizer.decode(ids))),
    { numRuns: 2000 },
  )
})

test('the bytes of log-probs are those of the text, a character of several tokens among them', () => {
  const tokens = tokenizer.encode('a ☀').map((id) => ({ id, logprob: 0, likeliest: [] }))
  const { logprobs } = chatTokens(tokens, { logprobs: true, ids: false }, tokenizer)
  expect(Buffer.from(logprobs!.content.flatMap(({ bytes }) => bytes!)).toString()).toBe('a ☀')
})

test('a stop text is found across pieces, and nothing of it is given out', () => {
  const stop = untilStop(['END', 'ENOUGH'])
  expect(['a E', 'N', 'D of it'].map((text) => stop.push(text))).toEqual(['a ', '', ''])
  expect([stop.found, stop.end()]).toEqual([true, ''])
  const other = untilStop(['END'])
  expect(['a E', 'NE', 'x'].map((text) => other.push(text))).toEqual(['a ', 'EN', 'Ex'])
  expect([other.found, other.push('E'), other.end()]).toEqual([false, '', 'E'])
})

test('text until a stop text is the same however it comes in pieces', () => {
  const letters = fc.constantFrom('a', 'b', 'c')
  const word = fc.array(letters, { minLength: 1, maxLength: 3 }).map((all) => all.join(''))
  fc.assert(
    fc.property(fc.array(word, { maxLength: 12 }), fc.array(word, { maxLength: 2 }), (pieces, stops) => {
      const reader = untilStop(stops)
      const given: string[] = []
      for (const piece of pieces) {
        given.push(reader.push(piece))
        if (reader.found) break
      }
      given.push(reader.end())
      const text = pieces.join('')
      const ends = stops.map((stop) => text.indexOf(stop)).filter((at) => at >= 0)
      // Which of two stop texts is reached first depends on where the pieces end; all that is given stands before one.
      const whole = text.slice(0, Math.min(text.length, ...ends))
      expect(given.join('').startsWith(whole) && text.startsWith(given.join(''))).toBe(true)
      if (stops.length < 2) expect(given.join('')).toBe(whole)
    }),
    { numRuns: 2000 },
  )
})

describe('a turn in pieces is the turn as a whole', () => {
  const names = Object.keys(callFormats) as FormatName[]
  const cut = (text: string, places: readonly number[]) => {
    const ends = [...new Set(places.map((place) => place % (text.length + 1)))].toSorted((a, b) => a - b)
    return [...ends, text.length].map((end, i) => text.slice(i === 0 ? 0 : ends[i - 1], end))
  }
  const words = fc.constantFrom('Well', 'a < b', 'the', 'end.', '\n', 'tool', '< think', '☀', '1', '```')
  const prose = fc.array(words, { maxLength: 5 }).map((all) => all.join(' '))
  const calls = fc.array(
    fc.record({
      name: fc.constantFrom('weather', 'find_flight'),
      arguments: fc.record({ city: fc.constantFrom('Oslo', 'a "b"', '</tool_call>', 'x\ny') }),
    }),
    { maxLength: 2 },
  )
  for (const name of names)
    test(name, () => {
      const format = callFormats[name]
      fc.assert(
        fc.property(
          fc.option(prose),
          prose,
          calls,
          fc.constantFrom(0, 1, Infinity),
          fc.array(fc.nat(), { maxLength: 20 }),
          (think, text, calls, mostCalls, places) => {
            const written = format.write({ think, text, calls })
            const reader = readTurn({ format, opened: '', mostCalls })
            const pieces = cut(written, places).map((piece) => reader.push(piece))
            const { piece, said } = reader.end()
            const all = [...pieces, piece]
            expect(all.map(({ reasoning }) => reasoning).join('')).toBe(said.reasoning)
            expect(all.map(({ content }) => content).join('')).toBe(said.content)
            expect(said.calls).toEqual(format.parse(written).calls.slice(0, mostCalls))
            expect(all.flatMap(({ calls }) => calls)).toEqual([...said.calls])
          },
        ),
        { numRuns: 300 },
      )
    })
})

test('a thought that the prompt opened is thinking, ended or not', () => {
  const turn = (...texts: string[]) => {
    const reader = readTurn({ format: callFormats.hermes, opened: '<think>\n', mostCalls: 0 })
    return [...texts.map((text) => reader.push(text)), reader.end().piece]
  }
  expect(turn('so', ' be</th', 'ink>\n\nYes', '. ')).toEqual([
    { reasoning: 'so', content: '', calls: [] },
    { reasoning: ' be', content: '', calls: [] },
    { reasoning: '', content: 'Yes', calls: [] },
    { reasoning: '', content: '.', calls: [] },
    { reasoning: '', content: '', calls: [] },
  ])
  expect(turn('so be').map(({ content }) => content)).toEqual(['', ''])
})

test('a fence without a call in it is text', () => {
  const reader = readTurn({ format: callFormats['llama3-json'], opened: '', mostCalls: Infinity })
  reader.push('```python\nprint(1)\n```')
  expect(reader.end().said).toEqual({ reasoning: '', content: '```python\nprint(1)\n```', calls: [] })
})

test('a call is given as soon as no text after it could change it', () => {
  const given = (name: FormatName, ...texts: string[]) => {
    const reader = readTurn({ format: callFormats[name], opened: '', mostCalls: Infinity })
    const calls = texts.map((text) =>
      reader
        .push(text)
        .calls.map((call) => call.name)
        .join(),
    )
    return [
      ...calls,
      reader
        .end()
        .piece.calls.map((call) => call.name)
        .join(),
    ]
  }
  const [first, second] = ['f', 'g'].map((name) => `<tool_call>\n{"name": "${name}", "arguments": {}}`)
  const close = '\n</tool_call>'
  expect(given('hermes', first!, close, second! + close)).toEqual(['', 'f', 'g', ''])
  // The last block alone counts.
  const [one, two] = ['f', 'g'].map((name) => `<tool_call>[{"name": "${name}", "arguments": {}}]</tool_call>`)
  expect(given('tool-n1', one!, two!)).toEqual(['', '', 'g'])
  // What follows the tag is a program to its end.
  expect(given('llama3-json', '<|python_tag|>print(1)', '\nprint(2)')).toEqual(['', '', 'code_interpreter'])
  expect(given('pythonic', '[f(a=1)', ', g()', ']')).toEqual(['', '', 'f,g', ''])
})

test('nothing of a call is given out as text, and one that is cut short is text at the end', () => {
  const reader = readTurn({ format: callFormats.hermes, opened: '', mostCalls: Infinity })
  expect(['Look: <tool', '_call>{"na', 'me": 1'].map((text) => reader.push(text).content)).toEqual(['Look:', '', ''])
  expect(reader.end().piece.content).toBe(' <tool_call>{"name": 1')
})
