// The manual page hone(1), in the man macros of troff, out of the same definitions as the help.
import { commandGroups } from '../shell/command.ts'
import { flagOf, shortOf } from '../shell/flags.ts'
import { usage } from '../shell/help.ts'
import type { Commands } from './page.ts'
import { pages } from './pages.ts'
import { references } from './references.ts'
import { exitCodes } from '../error.ts'

/** Text of hone.1 for that version, made on that day. */
export function manPage(commands: Commands, version: string, day: string): string {
  return [
    `.TH HONE 1 "${day}" "hone ${version}" "User Commands"`,
    '.SH NAME',
    "hone \\- sharpens a language model's use of tools: tool\\-calling data in, a trained policy out",
    '.SH SYNOPSIS',
    '.B hone',
    '.I COMMAND',
    '[options]',
    ...Object.entries(commandGroups).flatMap(([key, title]) => [
      section(title),
      ...commands.filter(([, { group }]) => group === key).flatMap(commandParagraphs),
    ]),
    section('Topics'),
    'hone help TOPIC shows a page of the manual:',
    ...[...pages, ...references].flatMap(({ name, what }) => ['.TP', bold(name), roff(what.replaceAll('`', ''))]),
    section('Exit status'),
    ...Object.entries(exitCodes).flatMap(([code, meaning]) => ['.TP', bold(code), roff(meaning)]),
    '',
  ].join('\n')
}

function commandParagraphs([name, { description, leaves, examples }]: Commands[number]): string[] {
  return [
    `.SS ${roff(usage(name, leaves))}`,
    roff(`${description}.`),
    ...leaves
      .filter(({ words, group }) => !words.positional && group !== 'Of every command')
      .flatMap((leaf) => ['.TP', bold([...shortOf(leaf), flagOf(leaf)].join(', ')), roff(leaf.description)]),
    ...(examples.length === 0 ? [] : ['.PP', '.EX', ...examples.map(roff), '.EE']),
  ]
}

const section = (title: string): string => `.SH ${title.toUpperCase()}`
const bold = (text: string): string => `.B ${roff(text)}`

/** Dashes as they are typed; a line that begins with a dot or a quote is no request. */
const roff = (text: string): string =>
  text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replace(/^[.']/, '\\&$&')
    .replaceAll('\n', ' ')
    .replace(/[^\x00-\x7f]/gu, (sign) => `\\[u${sign.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')}]`)
