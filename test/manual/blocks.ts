// What the manual and the README say in code: fenced blocks, and command lines.
import { flagOf, nameOf, strictArguments } from '../../src/shell/flags.ts'
import type { Command } from '../../src/shell/command.ts'
import type { Leaf } from '../../src/shell/schema.ts'

/** A fenced block: ```sh is run, ```sh gpu needs what it says, ```yaml train.yaml is a file. */
export interface Block {
  language: string
  /** What stands behind the language. */
  note: string
  body: string
}

export const blocksOf = (markdown: string): Block[] =>
  [...markdown.matchAll(/^```(\w*) ?(.*)\n([^]*?)^```$/gm)].map(([, language = '', note = '', body = '']) => ({
    language,
    note,
    body,
  }))

/** Command lines of hone in a script, and in the `inline code` of a page outside its blocks. */
export function commandLines(script: string): string[][] {
  return [
    ...script.replaceAll('\\\n', ' ').matchAll(/(?:^|[;|(&`]|\bdo|\bthen)[ \t]*(?:\w+=\S+ )*(hone [^\n;|&)`]*)/gm),
  ].map(([, line]) => wordsOf(line!).slice(1))
}

export function inlineLines(markdown: string): string[][] {
  const text = markdown.replaceAll(/^```[^]*?^```$/gm, '')
  return [...text.matchAll(/`(hone [^`]+)`/g)].flatMap(([, line]) => commandLines(line!))
}

/** Lines of a script, continued ones joined, without comments. */
export const logicalLines = (script: string): string[] =>
  script
    .replaceAll(/\\\n\s*/g, '')
    .split('\n')
    .filter((line) => !/^\s*(#|$)/.test(line))
    .map((line) => line.replace(/\s+# .*$/, ''))

/** Words of a line as a shell splits them, without comments and redirections. */
export function wordsOf(line: string): string[] {
  const words = [...line.replace(/\s#.*$/, '').matchAll(/(?:[^\s"']|"[^"]*"|'[^']*')+/g)].map(([word]) => word)
  const end = words.findIndex((word) => /^\d?[<>]/.test(word))
  return words.slice(0, end < 0 ? undefined : end).map((word) => word.replaceAll(/["']/g, ''))
}

/** Throws where a command line does not stand to the command's own table: an unknown flag, a name that is no choice. */
export function checkLine([name = '', ...words]: string[], commands: ReadonlyMap<string, Command>): void {
  if (name.startsWith('-') || name === 'complete' || /^[A-Z]+$/.test(name)) return
  const command = commands.get(name)
  if (!command) throw new Error(`hone has no command ${name}`)
  const last = command.leaves.find((leaf) => !leaf.words.positional && flagOf(leaf) === words.at(-1))
  // A text speaks of a flag without a value.
  const value = last && last.shape.type !== 'boolean' ? ['VALUE'] : []
  const read = strictArguments([...words.filter((word) => word !== '--help'), ...value], command.leaves, '')
  const places = command.leaves.filter(({ words }) => words.positional)
  for (const [index, word] of read.slice(read.indexOf('--') + 1).entries()) checkValue(places[index], word)
  for (const leaf of command.leaves) {
    const flag = `--${nameOf(leaf)}=`
    checkValue(leaf, read.find((word) => word.startsWith(flag))?.slice(flag.length))
  }
}

/** A word in capitals stands for a value. */
function checkValue(leaf: Leaf | undefined, text: string | undefined): void {
  const { choices } = leaf?.shape ?? {}
  if (choices && text !== undefined && !/^[A-Z…]+$/.test(text) && !choices.includes(text))
    throw new Error(`${text} is none of ${choices.join(', ')}`)
}
