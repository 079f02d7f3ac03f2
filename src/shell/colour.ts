// Whether text may be coloured, and the one way to colour it.
import { styleText } from 'node:util'

export const COLOURS = ['auto', 'always', 'never'] as const

let wanted: (typeof COLOURS)[number] = 'auto'

/** What --color says, over what the environment says. */
export function setColour(value: (typeof COLOURS)[number]): void {
  wanted = value
}

/**
 * `--color`, else FORCE_COLOR and CLICOLOR_FORCE, else NO_COLOR (https://no-color.org), else whether the stream is a terminal that
 * has colours.
 */
export function isColoured(
  stream: { isTTY?: boolean },
  environment: Record<string, string | undefined> = process.env,
): boolean {
  const { FORCE_COLOR, CLICOLOR_FORCE, NO_COLOR, TERM } = environment
  if (wanted !== 'auto') return wanted === 'always'
  if (FORCE_COLOR) return FORCE_COLOR !== '0' && FORCE_COLOR !== 'false'
  if (CLICOLOR_FORCE && CLICOLOR_FORCE !== '0') return true
  return !NO_COLOR && Boolean(stream.isTTY) && TERM !== 'dumb'
}

export function paint(style: Parameters<typeof styleText>[0], text: string, stream: { isTTY?: boolean }): string {
  return isColoured(stream) ? styleText(style, text, { validateStream: false }) : text
}
