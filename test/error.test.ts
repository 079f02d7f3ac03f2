// Names that stand in no table.
import { expect, test } from 'bun:test'
import { HoneError, lookup } from '../src/error.ts'

const table = { sharegpt: 1, openai: 2 }

test('a row is found by its name', () => {
  expect(lookup(table, 'source', 'openai')).toBe(2)
})

test('a slip of the hand is answered with the nearest name, another word with all of them or the hint given', () => {
  const refused = (name: string, hint?: string) => {
    try {
      return lookup(table, 'source', name, { at: 'a.yaml:3', hint })
    } catch (error) {
      return error
    }
  }
  const at = 'a.yaml:3'
  const message = (name: string) => `Unknown source: ${name}`
  expect(refused('openia')).toMatchObject({ message: message('openia'), hint: 'did you mean openai?', at, exit: 2 })
  expect(refused('verl')).toMatchObject({ message: message('verl'), hint: 'there are: sharegpt, openai' })
  expect(refused('verl', 'ask me')).toMatchObject({ hint: 'ask me' })
  expect(refused('')).toMatchObject({ message: message('(empty)') })
})

test('the name of a method of every object is no name of a row', () => {
  expect(() => lookup(table, 'source', 'toString')).toThrow(HoneError)
})
