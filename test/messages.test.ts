// Messages of errors have one form: what is wrong begins with a capital, what to do does not; neither ends as a sentence does unless it is several.
import { expect, test } from 'bun:test'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const src = join(import.meta.dir, '..', 'src')
const literals = (pattern: RegExp) =>
  readdirSync(src, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts'))
    .flatMap((path) =>
      [...readFileSync(join(src, path), 'utf8').matchAll(pattern)].map(([, , text]) => ({ path, text: text! })),
    )
const told = ({ path, text }: { path: string; text: string }) => `${path}: ${text}`

/** Names keep their capitals. */
const NAMED = /^[A-Z]{2}|^[A-Z][a-z]*[A-Z-]|^(Bun|Hugging Face|Python)\b/
const sentences = (text: string): number => text.split(/[.!?] /).length

test('a message begins with a capital and has no full stop', () => {
  const messages = literals(/new HoneError\(\s*(['`])((?:(?!\1)[^\n])+)\1/g)
  expect(messages.length).toBeGreaterThan(150)
  expect(messages.filter(({ text }) => /^[a-z]/.test(text) || /[^.]\.$/.test(text)).map(told)).toEqual([])
})

test('a hint begins without a capital, and has no full stop unless it is several sentences', () => {
  const hints = literals(/hint:\s*(['`])((?:(?!\1)[^\n])+)\1/g)
  expect(hints.length).toBeGreaterThan(80)
  const wrong = hints.filter(
    ({ text }) => sentences(text) === 1 && ((/^[A-Z]/.test(text) && !NAMED.test(text)) || /[^.]\.$/.test(text)),
  )
  expect(wrong.map(told)).toEqual([])
})
