// A command: what it is, its flags as a schema, and what it runs; made into a command of citty, which reads and runs
// it.
import { type ArgsDef, type CommandDef, defineCommand } from 'citty'
import * as v from 'valibot'
import { begins, say, toggle } from '../text/setting.ts'
import { givenBy, resolveConfig, type Sources } from './config.ts'
import type { Tree } from './config-file.ts'
import { argumentsOf, givenOf } from './flags.ts'
import type { Given } from './given.ts'
import { entriesOf, type Leaf, leavesOf, type Schema } from './schema.ts'
import { COLOURS, setColour } from './colour.ts'
import { setVerbosity } from './notice.ts'
import { setProgress } from '../out.ts'

/** What commands are for, in the order of help. */
export const commandGroups = {
  data: 'Data',
  rewards: 'Rewards and environments',
  training: 'Training',
  use: 'Using and judging a model',
  program: 'This program',
}

export interface Definition<Flags extends Schema> {
  description: string
  group: keyof typeof commandGroups
  /** Command lines as they are typed, for help. */
  examples?: readonly string[]
  /** What stands on its command line. Read and checked before the command runs. */
  flags: Flags
  /** Further flags, which the command resolves itself with what stands below them, a file and presets. */
  settings?: Schema
  /** It runs beside variables HONE_… that are none of hone's: what it does is to tell of them. */
  tellsOfVariables?: boolean
  /** What stands below those flags, for help to show; the schema is the one that the flags given mean. */
  below?(flags: v.InferOutput<Flags>, given: Tree): { schema: Schema; sources: Sources }
  /**
   * Throws HoneError for what is wrong, and may return an exit code (`EXIT.no` when the answer is no). `given` holds
   * the settings by key, `table` all commands.
   */
  run(flags: v.InferOutput<Flags>, given: Tree, table: CommandTable): unknown
}

/** What citty read. */
type Args = Readonly<Record<string, unknown>>

/** What a command knows of the command line that it is part of. */
export interface Around {
  /** How it is used, for what is missing. */
  usage: string
  table: CommandTable
}

export interface Command extends CommandDef {
  description: string
  group: keyof typeof commandGroups
  examples: readonly string[]
  args: ArgsDef
  leaves: readonly Leaf[]
  tellsOfVariables: boolean
  /** The values in force, by key, where citty read `args`; those that are not here are its own defaults. */
  inForce(args: Args): ReadonlyMap<string, Given>
}

/** Name → lazy import of a command. */
export type CommandTable = Readonly<Record<string, () => Promise<Command>>>

/** Flags that every command takes beside its own. */
const everywhere = v.object({
  quiet: begins('Of every command', say(toggle(), 'leave out everything but data and errors', 'q')),
  verbose: say(toggle(), 'also say what is being done', 'v'),
  progress: say(v.optional(v.boolean(), true), 'a status line on a terminal'),
  color: say(v.optional(v.picklist(COLOURS), 'auto'), 'when to colour', 'colour'),
})

export function command<Flags extends Schema>({
  description,
  group,
  examples = [],
  flags,
  settings,
  below,
  tellsOfVariables = false,
  run,
}: Definition<Flags>): Command {
  const own = entriesOf(flags) ?? {}
  const further = Object.entries((settings && entriesOf(settings)) ?? {}).filter(([key]) => !Object.hasOwn(own, key))
  const leaves = [
    ...leavesOf(v.object(own)),
    // They may be given elsewhere.
    ...leavesOf(v.object(Object.fromEntries(further))).map((leaf) => ({ ...leaf, required: false })),
    ...leavesOf(everywhere),
  ]
  const read = (args: Args, usage?: string) => {
    const given = Object.entries(givenOf(leaves, args))
    const ofSettings = given.filter(([key]) => further.some(([each]) => key === each || key.startsWith(`${each}.`)))
    const { value } = resolveConfig(flags, { flags: Object.fromEntries(given), usage })
    return [value, Object.fromEntries(ofSettings)] as const
  }
  const args = argumentsOf(leaves)
  return {
    ...defineCommand({
      meta: { description },
      args,
      setup({ args, data: around }: { args: Args; data?: Around }) {
        const given = givenOf(leavesOf(everywhere), args)
        const { value } = resolveConfig(everywhere, { flags: given, usage: around?.usage })
        setVerbosity(value.quiet ? 'quiet' : value.verbose ? 'verbose' : 'normal')
        setProgress(value.progress)
        setColour(value.color)
      },
      run: ({ args, data: around }: { args: Args; data?: Around }) =>
        run(...read(args, around?.usage), around?.table ?? {}),
    }),
    description,
    group,
    examples,
    args,
    leaves,
    tellsOfVariables,
    inForce(args) {
      if (!below) return new Map()
      const [value, given] = read(args)
      const { schema, sources } = below(value, given)
      const said = givenBy(schema, sources)
      const fallbackOf = ({ key, fallback }: Leaf) => (key === 'preset' ? sources.preset : fallback)
      const valueOf = (leaf: Leaf): Given => said.get(leaf.key) ?? { value: fallbackOf(leaf), origin: 'default' }
      return new Map(
        leavesOf(schema)
          .filter(({ key }) => !Object.hasOwn(own, key))
          .map((leaf) => [leaf.key, valueOf(leaf)]),
      )
    },
  }
}
