// Help texts: the list of commands, and one command's usage from its meta and arguments.
import { exitCodes } from '../error.ts'
import { paint } from './colour.ts'
import { type Command, commandGroups } from './command.ts'
import { namesOf } from './complete.ts'
import { kebab } from '../text/setting.ts'
import { flagOf, longOf, nameOf, shortOf, takesMany } from './flags.ts'
import type { Given } from './given.ts'
import { type Leaf } from './schema.ts'
import { toText } from './shape.ts'

/** `stream` decides whether the text may be coloured (see colour.ts). */
export type Stream = NodeJS.WriteStream

/** The page of `hone --help`: every command with its description. */
export function commandList(commands: readonly [string, Command][], stream: Stream): string {
  const groups = Object.entries(commandGroups).map(([key, title]) => ({
    title,
    rows: commands
      .filter(([, { group }]) => group === key)
      .map(([name, { description }]): [string, string] => [name, description]),
  }))
  const width = widthOf(groups.flatMap(({ rows }) => rows))
  return [
    "hone sharpens a language model's use of tools: tool-calling data in, a trained policy out.",
    '',
    `${heading('Usage:', stream)} hone COMMAND [options]`,
    '',
    heading('Start here:', stream),
    ...columns(
      [
        ['hone demo', 'a small model learns to call tools, on this machine'],
        ['hone init train', 'rows and a configuration that train within two minutes'],
        ['hone help', 'the manual: guides, and a reference of everything that hone names'],
      ],
      stream,
    ),
    ...groups.flatMap(({ title, rows }) => ['', heading(`${title}:`, stream), ...columns(rows, stream, width)]),
    '',
    heading('Also:', stream),
    ...columns(
      [
        ['hone COMMAND --help', 'the options of a command'],
        ['hone help --json', 'all commands and options for a program to read'],
        ['hone complete SHELL', 'script for completion in bash, zsh, fish or powershell'],
        ['hone --version', 'the version'],
      ],
      stream,
    ),
    '',
    `Exit codes: ${Object.entries(exitCodes)
      .map(([code, meaning]) => `${code} ${meaning}`)
      .join('; ')}.`,
  ].join('\n')
}

/** The page of `hone NAME --help`, with the values in force. */
export function commandHelp(
  name: string,
  { description, leaves, examples }: Command,
  inForce: ReadonlyMap<string, Given>,
  stream: Stream,
): string {
  const [places, flags] = [
    leaves.filter(({ words }) => words.positional),
    leaves.filter(({ words }) => !words.positional),
  ]
  const rowsOf = (some: readonly Leaf[]) =>
    some.map((leaf): [string, string] => [labelOf(leaf), explanation(leaf, inForce.get(leaf.key))])
  const groups = [...Map.groupBy(flags, ({ group }) => group)]
  const width = widthOf(rowsOf(leaves))
  return [
    description.charAt(0).toUpperCase() + description.slice(1),
    '',
    `${heading('Usage:', stream)} ${usage(name, leaves)}`,
    ...section('Arguments:', rowsOf(places), stream, width),
    ...groups.flatMap(([title = 'Options', some]) => section(`${title}:`, rowsOf(some), stream, width)),
    ...columns([['-h, --help', 'show this page']], stream, width),
    ...(examples.length === 0 ? [] : ['', heading('Examples:', stream), ...examples.map((line) => `  ${line}`)]),
  ].join('\n')
}

/** One line: `hone score FILE --reward NAME [options]`. */
export function usage(name: string, leaves: readonly Leaf[]): string {
  const shown = leaves.filter(({ words, required }) => words.positional || required)
  return ['hone', name, ...shown.map((leaf) => (leaf.words.positional ? labelOf(leaf) : long(leaf))), '[options]'].join(
    ' ',
  )
}

/** A command and its flags for a program to read. */
export function describe([name, { description, group, examples, leaves }]: [string, Command]): object {
  const flags = leaves.map((leaf) => {
    const { description, group, shape, words, required, fallback } = leaf
    const { positional, aliases: alias = [], hint: valueHint, known, otherwise } = words
    const own = {
      ...(group !== undefined && { group }),
      ...(positional && { positional }),
      required,
      ...(fallback !== undefined && { default: fallback }),
      ...(otherwise !== undefined && { otherwise }),
      ...(known && { known }),
      ...(alias.length > 0 && { alias }),
      ...(valueHint !== undefined && { valueHint }),
    }
    return [nameOf(leaf), { description, ...shape, ...own }]
  })
  return { name, description, group: commandGroups[group], examples, arguments: Object.fromEntries(flags) }
}

const heading = (text: string, stream: Stream): string => paint('bold', text, stream)

const section = (title: string, rows: [string, string][], stream: Stream, width?: number): string[] =>
  rows.length === 0 ? [] : ['', heading(title, stream), ...columns(rows, stream, width)]

/** `[FILES...]`, or `-o, --output FILE`. */
export function labelOf(leaf: Leaf): string {
  if (!leaf.words.positional) return [...shortOf(leaf), long(leaf)].join(', ')
  const place = flagOf(leaf) + (takesMany(leaf) ? '...' : '')
  return leaf.required ? place : `[${place}]`
}

function long(leaf: Leaf): string {
  if (leaf.shape.type !== 'boolean') return `${flagOf(leaf)} ${hintOf(leaf)}${leaf.words.repeats ? '…' : ''}`
  return leaf.fallback === true ? `--[no-]${nameOf(leaf)}` : flagOf(leaf)
}

/** What stands for the value: a few choices themselves, or a word. */
function hintOf({ words, shape }: Leaf): string {
  const choices = shape.choices?.join('|') ?? ''
  if (choices !== '') return choices.length <= LONGEST_HINT ? choices : 'NAME'
  return words.hint ?? HINTS[shape.type]
}

const LONGEST_HINT = 40
const HINTS = { string: 'TEXT', number: 'N', integer: 'N', boolean: 'true|false', list: 'A,B,…' }

/**
 * What a setting means, the names that it takes, its other names and its value in force; one that is off unless given says nothing of
 * it.
 */
export function explanation(leaf: Leaf, said: Given | undefined): string {
  const names = namesOf(leaf)
  const shown = names.length > 0 && !labelOf(leaf).includes(names.join('|'))
  const others = longOf(leaf).map((alias) => `--${kebab(alias)}`)
  return [
    leaf.description,
    shown && `[names: ${names.join(', ')}]`,
    others.length > 0 && `[also: ${others.join(', ')}]`,
    inForce(leaf, said),
  ]
    .filter(Boolean)
    .join(' ')
}

function inForce({ fallback, words }: Leaf, { value, origin }: Given = { value: fallback, origin: 'default' }): string {
  if (origin !== 'default') return `[default: ${onOneLine(toText(value))} from ${origin}]`
  const shown = value === undefined || value === null || value === false ? words.otherwise : onOneLine(toText(value))
  return shown ? `[default: ${shown}]` : ''
}

/** Line breaks as they are written in a text. */
const onOneLine = (text: string): string => text.replaceAll('\n', '\\n')

/** Of the first of two columns. */
const widthOf = (rows: [string, string][]): number =>
  Math.max(...rows.map(([label]) => label.length).filter((length) => length <= 30), 8)

/**
 * Two columns; a label too long for the first stands on a line of its own, and text is wrapped to a terminal's width.
 */
function columns(rows: [string, string][], stream: Stream, width = widthOf(rows)): string[] {
  const space = stream.isTTY ? Math.max(stream.columns - width - 4, 30) : Infinity
  return rows.flatMap(([label, text]) => {
    const lines = space === Infinity ? [text] : Bun.wrapAnsi(text, space).split('\n')
    if (label.length > width) lines.unshift('')
    return lines.map((line, index) => `  ${(index === 0 ? label : '').padEnd(width)}  ${line}`.trimEnd())
  })
}
