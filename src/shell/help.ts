// Help texts: the list of commands, and one command's usage from its meta and arguments.
import { styleText } from 'node:util'
import type { ArgDef, ArgsDef } from 'citty'
import { EVERYWHERE, flagName, isVariadic } from './flags.ts'

/** What a command says of itself. */
export interface Described {
  name: string
  description: string
}

/** `stream` decides whether the text may be coloured (a terminal, and NO_COLOR unset). */
export type Stream = NodeJS.WriteStream

/** The page of `hone --help`: every command with its description. */
export function commandList(commands: readonly Described[], stream: Stream): string {
  const rows = commands.map(({ name, description }): [string, string] => [name, description])
  return [
    "hone sharpens a language model's use of tools: tool-calling data in, a trained policy out.",
    '',
    `${heading('Usage:', stream)} hone COMMAND [options]`,
    '',
    heading('Commands:', stream),
    ...columns(rows, stream),
    '',
    heading('Also:', stream),
    ...columns(
      [
        ['hone COMMAND --help', 'the options of a command'],
        ['hone help --json', 'all commands and options for a program to read'],
        ['hone complete bash|zsh|fish', 'script for completion in a shell'],
        ['hone --version', 'the version'],
      ],
      stream,
    ),
    '',
    'Exit codes: 0 ok, 1 the answer is no, 2 usage, configuration or data, 3 a bug in hone, 130 interrupted.',
  ].join('\n')
}

/** The page of `hone NAME --help`. */
export function commandHelp({ name, description }: Described, definitions: ArgsDef, stream: Stream): string {
  const entries = Object.entries(definitions)
  const positionals = entries.filter(([, definition]) => definition.type === 'positional')
  const flags = entries.filter(([, definition]) => definition.type !== 'positional')
  return [
    description.charAt(0).toUpperCase() + description.slice(1),
    '',
    `${heading('Usage:', stream)} ${usage(name, definitions)}`,
    ...section('Arguments:', positionals, (each, definition) => positionalName(each, definition), stream),
    ...section(
      'Options:',
      [
        ...flags,
        ...Object.entries(EVERYWHERE),
        ['help', { type: 'boolean', alias: 'h', description: 'show this page' }],
      ],
      optionName,
      stream,
    ),
  ].join('\n')
}

/** One line: `hone score FILE --reward=NAME [options]`. */
export function usage(name: string, definitions: ArgsDef): string {
  const words = ['hone', name]
  for (const [each, definition] of Object.entries(definitions)) {
    if (definition.type === 'positional') words.push(positionalName(each, definition))
    else if (definition.required && definition.default === undefined)
      words.push(`${flagName(each)} ${hint(each, definition)}`)
  }
  return [...words, '[options]'].join(' ')
}

const heading = (text: string, stream: Stream): string => styleText('bold', text, { stream })

function section(
  title: string,
  entries: [string, ArgDef][],
  label: (name: string, definition: ArgDef) => string,
  stream: Stream,
): string[] {
  if (entries.length === 0) return []
  return [
    '',
    heading(title, stream),
    ...columns(
      entries.map(([name, definition]) => [label(name, definition), explanation(definition)]),
      stream,
    ),
  ]
}

function positionalName(name: string, definition: ArgDef): string {
  const label = name.toUpperCase() + (isVariadic(definition) ? '...' : '')
  return definition.required === false || definition.default !== undefined ? `[${label}]` : label
}

function optionName(name: string, definition: ArgDef): string {
  const alias = 'alias' in definition ? [definition.alias ?? []].flat().filter((each) => each.length === 1) : []
  const negatable = definition.type === 'boolean' && (definition.default === true || definition.negativeDescription)
  const flag = negatable ? `--[no-]${flagName(name).slice(2)}` : flagName(name)
  return (
    [...alias.map((each) => `-${each}`), flag].join(', ') +
    (definition.type === 'boolean' ? '' : ` ${hint(name, definition)}`)
  )
}

function hint(name: string, definition: ArgDef): string {
  return (
    definition.valueHint ??
    (definition.type === 'enum' && definition.options?.length
      ? definition.options.join('|')
      : flagName(name).slice(2).replaceAll('-', '_').toUpperCase())
  )
}

function explanation(definition: ArgDef): string {
  const fallback =
    definition.default === undefined || definition.type === 'boolean' ? '' : `[default: ${definition.default}]`
  return [definition.description, fallback].filter(Boolean).join(' ')
}

/** Two columns; a label too long for the first stands on a line of its own, and text is wrapped to a terminal's width. */
function columns(rows: [string, string][], stream: Stream): string[] {
  const width = Math.max(...rows.map(([label]) => label.length).filter((length) => length <= 30), 8)
  const space = stream.isTTY ? Math.max(stream.columns - width - 4, 30) : Infinity
  return rows.flatMap(([label, text]) => {
    const lines = space === Infinity ? [text] : Bun.wrapAnsi(text, space).split('\n')
    if (label.length > width) lines.unshift('')
    return lines.map((line, index) => `  ${(index === 0 ? label : '').padEnd(width)}  ${line}`.trimEnd())
  })
}
