// hone schema: what files of hone must look like, as JSON Schema made from the schemas that read them.
import { type JsonSchema, toJsonSchema } from '@valibot/to-json-schema'
import * as v from 'valibot'
import { PairForm } from '../data/pair.ts'
import { HoneRow, object } from '../dialogue/row.ts'
import { McpServers } from '../env/mcp.ts'
import { data } from '../out.ts'
import { ConfiguredTool } from '../rl/environment-settings.ts'
import { SampleRow, VerdictRow } from '../reward/rows.ts'
import { StoredEvent } from '../rundir/event.ts'
import { StoredRecord } from '../rundir/run.ts'
import { entriesOf, type Schema, wordsOf } from '../shell/schema.ts'
import { table } from '../shell/table.ts'
import { argument, names, type Words, kebab } from '../text/setting.ts'
import { ParsedRow } from './parse.ts'
import { StudyFile } from './study/file.ts'
import { kinds } from './train/kinds.ts'
import { RolloutLine } from './train/replay.ts'

type Described =
  | { what: string; schema: Schema }
  /** A file of the settings of one of these, which may be spelt in several ways and given elsewhere. */
  | { what: string; settings: readonly Schema[] }

/** What may be asked for. */
export const schemas: Readonly<Record<string, Described>> = {
  rows: { what: 'a row to train and evaluate on', schema: HoneRow },
  pairs: { what: 'a row of hone dpo and hone rm, as hone writes it', schema: PairForm },
  completions: { what: 'a row that hone score and hone parse read', schema: SampleRow },
  verdicts: { what: 'a row that hone score writes', schema: VerdictRow },
  parsed: { what: 'a row that hone parse writes', schema: ParsedRow },
  config: {
    what: 'a configuration of any kind of training',
    settings: Object.values(kinds).map(({ schema }) => schema),
  },
  ...Object.fromEntries(
    Object.entries(kinds).map(([kind, { schema }]) => [
      kind,
      { what: `a configuration of hone ${kind}`, settings: [schema] },
    ]),
  ),
  events: { what: 'a line of events.ndjson of a run', schema: StoredEvent },
  rollouts: { what: 'a line of a file in rollouts/ of a run', schema: RolloutLine },
  run: { what: 'run.json of a run', schema: StoredRecord },
  study: { what: 'a file of hone study', schema: StudyFile },
  tools: { what: 'a file of tools (--tools)', schema: v.array(ConfiguredTool) },
  mcp: { what: 'a file of MCP servers (--mcp)', schema: McpServers },
}

export const SchemaFlags = v.object({ name: argument(v.optional(names(schemas)), 'what it is of') })

/** One schema, or the list of them. */
export function schemaCommand({ name }: v.InferOutput<typeof SchemaFlags>): void {
  if (name !== undefined) data(JSON.stringify(jsonSchemaOf(name), null, 2))
  else for (const line of table(Object.entries(schemas).map(([each, { what }]) => [each, what]))) data(line)
}

/** Of what is written there, before defaults are filled in. What a schema checks beyond JSON Schema's words is left to hone. */
export function jsonSchemaOf(name: string): JsonSchema {
  const described = schemas[name]!
  const [made, ...others] =
    'schema' in described
      ? [convert(described.schema)]
      : described.settings.map((schema, i, { length }) => inAnySpelling(schema, length > 1 ? `#/anyOf/${i}` : '#'))
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: `hone: ${described.what}`,
    ...(others.length > 0 ? { anyOf: [made!, ...others] } : made),
  }
}

function convert(schema: Schema): JsonSchema {
  const { $schema: _, ...made } = toJsonSchema(schema, {
    target: 'draft-2020-12',
    typeMode: 'input',
    errorMode: 'ignore',
    overrideSchema: ({ valibotSchema }) => (valibotSchema === object ? { type: 'object' } : undefined),
    // The words of a setting are for help.
    overrideAction: ({ valibotAction: { type }, jsonSchema }) =>
      type === 'metadata' ? withoutWords(jsonSchema) : undefined,
  })
  return made
}

/** Every spelling of a key is one; none is required, as a flag or a preset may give it. `place` is where the schema stands. */
function inAnySpelling(schema: Schema, place: string): JsonSchema {
  const { properties = {} } = convert(schema)
  const others = Object.entries(entriesOf(schema) ?? {}).flatMap(([key, entry]) => {
    const spellings = [kebab(key).replaceAll('-', '_'), kebab(key), ...(wordsOf(entry).aliases ?? [])]
    return [...new Set(spellings)]
      .filter((each) => each !== key)
      .map((each) => [each, { $ref: `${place}/properties/${key}` }] as const)
  })
  return { type: 'object', properties: { ...properties, ...Object.fromEntries(others) }, additionalProperties: false }
}

const withoutWords = (schema: JsonSchema): JsonSchema =>
  Object.fromEntries(Object.entries(schema).filter(([key]) => !WORDS.has(key)))

/** Keys of Words that no keyword of JSON Schema has. */
const WORDS: ReadonlySet<string> = new Set<keyof Words>([
  'group',
  'aliases',
  'hint',
  'known',
  'otherwise',
  'sets',
  'positional',
  'repeats',
])
