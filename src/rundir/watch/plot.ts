// A line chart for a terminal, in braille: two by four dots a character.

/** Dots of a character by column and row (Unicode 2800). */
const DOTS = [
  [0x01, 0x02, 0x04, 0x40],
  [0x08, 0x10, 0x20, 0x80],
] as const

/** `values` over their index in `width` × `height` characters, with the extremes at the left. Not-a-numbers are gaps. */
export function plot(
  values: readonly number[],
  { width = 60, height = 6 }: { width?: number; height?: number } = {},
): string[] {
  const [low, high] = extremes(values)
  if (low > high) return []
  const cells = Array.from({ length: height }, () => new Uint8Array(width))
  const columns = width * 2
  const rows = height * 4
  let previous: number | undefined
  for (let x = 0; x < columns; x++) {
    const value = valueAt(values, (x * (values.length - 1)) / (columns - 1))
    if (!Number.isFinite(value)) {
      previous = undefined
      continue
    }
    const y = Math.round((1 - (high === low ? 0.5 : (value - low) / (high - low))) * (rows - 1))
    // Steep lines are filled between neighbours, half to each.
    const from = previous === undefined ? y : Math.min(y, previous)
    const to = previous === undefined ? y : Math.max(y, previous)
    for (let dot = from; dot <= to; dot++) cells[dot >> 2]![x >> 1]! |= DOTS[x & 1]![dot & 3]!
    previous = y
  }
  const labels = cells.map((_, row) => (row === 0 ? label(high) : row === height - 1 ? label(low) : ''))
  const margin = Math.max(...labels.map(({ length }) => length))
  return cells.map(
    (row, i) => `${labels[i]!.padStart(margin)} ${String.fromCharCode(...Array.from(row, (dots) => 0x2800 + dots))}`,
  )
}

/** The least and the greatest of any number of values that are numbers; where there are none, the least is above the greatest. */
export function extremes(values: readonly number[]): [low: number, high: number] {
  let [low, high] = [Infinity, -Infinity]
  for (const value of values) if (Number.isFinite(value)) [low, high] = [Math.min(low, value), Math.max(high, value)]
  return [low, high]
}

/** Between two values on the line that joins them. */
function valueAt(values: readonly number[], place: number): number {
  const before = Math.floor(place)
  const share = place - before
  const [low, high] = [values[before]!, values[Math.min(before + 1, values.length - 1)]!]
  return share === 0 || !Number.isFinite(high) ? low : low + share * (high - low)
}

const label = (value: number): string => String(Number(value.toPrecision(3)))
