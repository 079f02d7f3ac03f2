// Exact match of calls and its parts.
import { expect, test } from 'bun:test'
import type { Call } from '../../src/dialogue/call/format.ts'
import { callsKey, exactMatch, matchParts } from '../../src/eval/match.ts'
import { Float } from '../../src/text/json.ts'

const weather: Call = { name: 'weather', arguments: { city: 'Oslo', days: 3 } }
const time: Call = { name: 'time', arguments: { zone: 'CET' } }

test('order of calls and of keys is free, values and their types are not', () => {
  expect(exactMatch([time, { name: 'weather', arguments: { days: 3, city: 'Oslo' } }], [weather, time])).toBe(true)
  expect(exactMatch([{ name: 'weather', arguments: { city: 'Oslo', days: new Float(3) } }], [weather])).toBe(false)
  expect(exactMatch([weather, weather], [weather])).toBe(false)
  expect(exactMatch([], [])).toBe(true)
  expect(exactMatch([], [weather])).toBe(false)
})

test('each part falls for its own kind of mistake', () => {
  const parts = (calls: Call[]) => matchParts(calls, [weather])
  expect(parts([weather])).toEqual({ count: 1, names: 1, parameters: 1, values: 1 })
  expect(parts([{ name: 'weather', arguments: { city: 'Oslo', days: 4 } }])).toEqual({
    count: 1,
    names: 1,
    parameters: 1,
    values: 0.5,
  })
  expect(parts([{ name: 'weather', arguments: { city: 'Oslo' } }])).toEqual({
    count: 1,
    names: 1,
    parameters: 2 / 3,
    values: 2 / 3,
  })
  expect(parts([weather, time])).toEqual({ count: 0, names: 2 / 3, parameters: 4 / 5, values: 4 / 5 })
  expect(parts([{ name: 'wether', arguments: weather.arguments }])).toEqual({
    count: 1,
    names: 0,
    parameters: 0,
    values: 0,
  })
})

test('equal sets of calls have one key', () => {
  expect(callsKey([weather, time])).toBe(callsKey([time, { name: 'weather', arguments: { days: 3, city: 'Oslo' } }]))
  expect(callsKey([weather])).not.toBe(callsKey([weather, weather]))
})
