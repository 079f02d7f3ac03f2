// A page as a terminal shows it: Bun's rendering of Markdown, with code blocks set in, so that they can be copied.
import { isColoured } from '../shell/colour.ts'

/** Widest line of running text: longer ones are hard to read. */
const WIDEST = 100

/** Lines of a page, wrapped to the terminal. */
export function onTerminal(markdown: string, stream: NodeJS.WriteStream): string[] {
  const drawn = Bun.markdown.ansi(markdown, { columns: Math.min(stream.columns || 80, WIDEST) })
  const text = drawn
    .replace(/^\x1b\[2m┌─(?!─).*\n/gm, '')
    .replace(/^\x1b\[2m└─(?!─).*\n/gm, '')
    .replace(/^\x1b\[2m│ \x1b\[0m/gm, '    ')
  return (isColoured(stream) ? text : Bun.stripANSI(text)).trimEnd().split('\n')
}
