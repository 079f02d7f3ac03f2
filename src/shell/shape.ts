// What values a setting takes: as words, from text and as text.

/** What values a setting takes. */
export interface Shape {
  type: 'string' | 'number' | 'integer' | 'boolean' | 'list'
  choices?: readonly string[]
  min?: number
  /** Values are greater than this. */
  above?: number
  max?: number
  /** Of a list. */
  item?: Shape
  nullable?: true
}

/** Text of a flag or variable → a value of that shape; left as text where it is none, so that validation says so. */
export function fromText(text: string, shape: Shape): unknown {
  const value = shape.nullable && (text === 'null' || text === 'none') ? null : readers[shape.type]?.(text, shape)
  return value === undefined ? text : value
}

const readers: Partial<Record<Shape['type'], (text: string, shape: Shape) => unknown>> = {
  number: numberFrom,
  integer: numberFrom,
  boolean: (text) => ({ true: true, false: false, 1: true, 0: false })[text.toLowerCase()],
  list: (text, { item }) =>
    text === '' ? [] : text.split(',').map((each) => (item ? fromText(each.trim(), item) : each)),
}

function numberFrom(text: string): number | undefined {
  return text.trim() === '' || Number.isNaN(Number(text)) ? undefined : Number(text)
}

/** A value as it would be typed. */
export function toText(value: unknown): string {
  if (value === null) return 'none'
  if (Array.isArray(value)) return value.map(toText).join(',')
  if (typeof value === 'number' && value !== 0 && Math.abs(value) < 1e-3) return value.toExponential()
  // On one line, as `$'…'` of a shell has it.
  if (typeof value === 'string') return value.replaceAll('\n', '\\n')
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}

/** What is expected of a value, to stand behind "must be". */
export function expected({ type, choices, min, above, max }: Shape): string {
  if (choices) return `one of ${choices.join(', ')}`
  const least = above !== undefined ? `above ${above}` : min !== undefined ? `of at least ${min}` : ''
  const most = max !== undefined ? `${least ? 'at most' : 'of at most'} ${max}` : ''
  const range =
    above === undefined && least && most ? `from ${min} to ${max}` : [least, most].filter(Boolean).join(' and ')
  return [KINDS[type], range].filter(Boolean).join(' ')
}

const KINDS: Record<Shape['type'], string> = {
  string: 'text',
  number: 'a number',
  integer: 'an integer',
  boolean: 'true or false',
  list: 'a list',
}
