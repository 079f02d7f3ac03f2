// Settings and presets of every kind of training, and the commands, as entries of the manual.
import type { Commands, Entry } from '../page.ts'
import { kinds } from '../../job/train/kinds.ts'
import { presetNotes } from '../../rl/presets.ts'
import { commandGroups } from '../../shell/command.ts'
import { flagOf, variableOf } from '../../shell/flags.ts'
import { explanation, labelOf, usage } from '../../shell/help.ts'
import { type Leaf, leavesOf } from '../../shell/schema.ts'
import { kebab } from '../../text/setting.ts'
import { expected, toText } from '../../shell/shape.ts'
import { markdownTable } from '../../shell/table.ts'

/** A setting as each kind has it that has it. */
type Held = readonly [kind: string, leaf: Leaf][]

export function settingEntries(): Entry[] {
  const all = Object.entries(kinds).flatMap(([kind, { schema }]) =>
    leavesOf(schema).map((leaf): [string, Leaf] => [kind, leaf]),
  )
  return [...Map.groupBy(all, ([, { key }]) => key)].map(([key, held]) => settingEntry(key, held))
}

function settingEntry(key: string, held: Held): Entry {
  const [, leaf] = held.at(-1)!
  const { words, shape, description, group } = leaf
  const aliases = [...new Set(held.flatMap(([, each]) => each.words.aliases ?? []))]
  const names = shape.choices ?? words.known
  return {
    name: key,
    aliases: [kebab(key), variableOf(leaf), ...aliases],
    ...(group !== undefined && { section: group }),
    what: description,
    more: [
      `\`${flagOf(leaf)}\` as a flag, \`${variableOf(leaf)}\` as a variable, \`${key}\` in a file${aliases.length > 0 ? ` (also ${aliases.map((each) => `\`${each}\``).join(', ')})` : ''}.`,
      shape.choices || !names
        ? `It is ${expected(shape)}.`
        : `It is one of ${names.join(', ')}, or what is said above.`,
      defaults(held),
      ...setByPresets(key),
    ].join('\n\n'),
  }
}

/** One where all kinds have the same. */
function defaults(held: Held): string {
  const rows = held.map(([kind, leaf]) => [`\`hone ${kind}\``, usual(leaf)] as const)
  const [, first] = rows[0]!
  if (rows.some(([, value]) => value !== first)) return markdownTable(['command', 'default'], rows).join('\n')
  return `Default: ${first}, of ${rows.map(([kind]) => kind).join(', ')}.`
}

function usual({ required, fallback, words }: Leaf): string {
  if (required) return 'none: it must be given'
  return fallback === undefined || fallback === null ? (words.otherwise ?? 'none') : toText(fallback) || 'none'
}

function setByPresets(key: string): string[] {
  const set = Object.entries(kinds).flatMap(([kind, { presets }]) =>
    Object.entries(presets).flatMap(([name, values]) =>
      Object.hasOwn(values, key) ? [`\`${name}\` of \`hone ${kind}\` ${toText(values[key])}`] : [],
    ),
  )
  return set.length > 0 ? [`Presets make it: ${set.join(', ')}.`] : []
}

export const presetEntries = (): Entry[] =>
  Object.entries(kinds).flatMap(([kind, { presets, preset }]) =>
    Object.entries(presets).map(([name, values]): Entry => {
      const rows = Object.entries(values).map(([key, value]) => [`\`${key}\``, toText(value)])
      return {
        name,
        section: `hone ${kind}`,
        what: `${presetNotes[kind]?.[name] ?? ''}${name === preset ? ' (the default)' : ''}`,
        more:
          rows.length > 0 ? markdownTable(['setting', 'value'], rows).join('\n') : 'Every setting has its own default.',
      }
    }),
  )

/** `hone help COMMAND` shows the page of a command itself. */
export const commandEntries = (commands: Commands): Entry[] =>
  commands.map(([name, { description, leaves, group, examples }]) => ({
    name: `hone ${name}`,
    section: commandGroups[group],
    what: description,
    more: [
      code([usage(name, leaves)]),
      markdownTable(
        ['option', 'what it is'],
        leaves.map((leaf) => [`\`${labelOf(leaf)}\``, explanation(leaf, undefined)]),
      ).join('\n'),
      ...(examples.length > 0 ? ['Examples:', code(examples)] : []),
    ].join('\n\n'),
  }))

const code = (lines: readonly string[]): string => ['```', ...lines, '```'].join('\n')
