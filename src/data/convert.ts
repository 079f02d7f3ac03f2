// One raw row → its hone rows, and a reason for each step that is left out.
import { JsonError, dumpJson, isObject, type JsonObject } from '../text/json.ts'
import { PythonError } from '../text/python/value.ts'
import type { HoneRow, Tool } from '../dialogue/row.ts'
import { cut, type Step } from './cut.ts'
import { holdsForeignNull, withoutPadding } from './nulls.ts'
import type { RawRecord } from './record.ts'
import { withWrittenCalls } from './said.ts'
import { withoutShownTools } from './shown.ts'
import { repairTools, type RepairedTools, type Repairs } from './tools.ts'
import { Rejection, type Dialogue, type Origin, type Source, type Turn } from './source.ts'

/** What one raw row became. */
export interface Conversion {
  rows: HoneRow[]
  rejections: Rejection[]
  repairs: Repairs
  multiTurn: boolean
}

export interface ConvertOptions {
  compat?: string | undefined
  keepNoCall: boolean
  keepAbsentTools: boolean
}

/** Never throws for what a row holds: whatever is wrong with it becomes a rejection. */
export function convert(
  name: string,
  source: Source,
  record: RawRecord,
  origin: Origin,
  options: ConvertOptions,
): Conversion {
  const nothing = { rows: [], repairs: new Map(), multiTurn: false }
  try {
    const value = record.value
    if (value === undefined) throw new Rejection('malformed-json', record.fault ?? 'not JSON')
    if (!isObject(value)) throw new Rejection('not-an-object', 'the row is no JSON object')
    const published = options.compat === undefined ? undefined : source.compat?.[options.compat]
    return toRows(name, source, (published ?? source.convert)(value, origin), origin, options, published !== undefined)
  } catch (error) {
    return { ...nothing, rejections: [asRejection(error)] }
  }
}

/** A value in the row that no reader takes, such as an integer of ten thousand digits, is the row's. */
function asRejection(error: unknown): Rejection {
  if (error instanceof Rejection) return error
  if (error instanceof JsonError || error instanceof PythonError) return new Rejection('malformed-json', error.message)
  throw error
}

function toRows(
  name: string,
  source: Source,
  read: Dialogue,
  origin: Origin,
  options: ConvertOptions,
  untouched: boolean,
): Conversion {
  const freed = untouched ? undefined : withoutShownTools(read)
  const dialogue = freed ?? read
  const { tools, extras, repairs, padded } = untouched ? asTheyAre(dialogue) : repaired(dialogue, source)
  if (freed) repairs.set('tools taken from the system message', 1)
  const turns = untouched ? dialogue.turns : readTurns(dialogue, tools, padded)
  const steps = cut({ ...dialogue, turns }, options.keepNoCall && !untouched)
  const decisions = steps.filter((step) => !(step instanceof Rejection)).length
  const rows: HoneRow[] = []
  const rejections: Rejection[] = []
  for (const step of steps) {
    if (step instanceof Rejection) {
      rejections.push(step)
      continue
    }
    const row: HoneRow = {
      id: (dialogue.id ?? `${name}-${origin.index}`) + (decisions > 1 ? `-${step.turn}` : ''),
      source: name,
      messages: step.messages,
      tools,
      answer: step.answer,
      meta: metaOf(dialogue, step, origin, extras, decisions),
    }
    const refused = untouched ? undefined : refusal(row, step, options)
    if (refused) rejections.push(refused)
    else rows.push(row)
  }
  return { rows, rejections, repairs, multiTurn: decisions > 1 || rows.some(isMultiTurn) }
}

/** Turns with the calls that their texts hold, and without the nulls that Arrow filled in. */
function readTurns({ turns }: Dialogue, tools: readonly Tool[], padded: boolean): Turn[] {
  const known = new Map(tools.map((tool) => [tool.name, tool]))
  const read = turns.map((turn) => withWrittenCalls(turn, new Set(known.keys())))
  const filled = padded || read.some(({ tool_calls = [] }) => tool_calls.some((call) => holdsForeignNull(call, known)))
  return read.map((turn) =>
    turn.tool_calls ? { ...turn, tool_calls: withoutPadding(turn.tool_calls, known, filled) } : turn,
  )
}

/** A row whose context holds more than one message beside the system's, as Tool-N1 counts them. */
export function isMultiTurn(row: HoneRow): boolean {
  return row.messages.filter(({ role }) => role !== 'system').length > 1
}

/** What makes a row useless by itself: nothing to answer, or a call of a tool that is not on offer. */
function refusal(row: HoneRow, { turn }: Step, options: ConvertOptions): Rejection | undefined {
  if (!row.messages.some(({ role, content }) => role !== 'system' && content.trim() !== '')) {
    return new Rejection('no-question', `nothing comes before turn ${turn + 1}`)
  }
  const names = new Set(row.tools.map(({ name }) => name))
  const absent = row.answer.find(({ name }) => !names.has(name))
  if (!absent || options.keepAbsentTools) return undefined
  return new Rejection('absent-tool', `turn ${turn + 1} calls "${absent.name}"`)
}

/** Equal definitions given twice stand once. */
function repaired(dialogue: Dialogue, source: Source): RepairedTools {
  const result = repairTools(dialogue.tools, { emptyDefaultIsNone: source.emptyDefaultIsNone ?? false })
  const tools = result.tools.filter((tool, i, all) => {
    const other = all.findIndex(({ name }) => name === tool.name)
    return other === i || textOf(all[other]!) !== textOf(tool)
  })
  const removed = result.tools.length - tools.length
  if (removed > 0) result.repairs.set('equal tool given twice removed', removed)
  return { ...result, tools }
}

const textOf = ({ name, description, parameters }: Tool): string => dumpJson([name, description, parameters])

function asTheyAre(dialogue: Dialogue): RepairedTools {
  // Published scripts hand on whatever the tool list held; a compat row promises exactly that, valid or not.
  return { tools: dialogue.tools as unknown as Tool[], extras: {}, repairs: new Map(), padded: false }
}

function metaOf(dialogue: Dialogue, step: Step, origin: Origin, extras: JsonObject, decisions: number): JsonObject {
  return {
    row: origin.index,
    ...(decisions > 1 ? { turn: step.turn } : {}),
    ...(step.said === '' ? {} : { reply: step.said }),
    ...(step.thought === '' ? {} : { thought: step.thought }),
    ...(Object.keys(extras).length > 0 ? { tools: extras } : {}),
    ...dialogue.meta,
  }
}
