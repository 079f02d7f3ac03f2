// Runs rules over one line: reads it once, walks the row once, and calls each rule where it looks.
import { dumpJson, isObject, JsonError, parseJson, type Json, type JsonObject } from '../text/json.ts'
import type { HoneRow, Tool } from '../dialogue/row.ts'
import { isPair } from '../data/pair.ts'
import { isRow } from './shape.ts'
import { fieldText, itemTexts, outlineOf, type Outline } from './outline.ts'
import { count } from '../text/python/text.ts'
import { takesType } from './types.ts'
import type { Fault, Faults, LintContext, Path, Rule, RowKeys } from './rule.ts'

/** One finding of a line: at a path from the row down, or at an offset of the text. */
export interface Found {
  rule: Rule
  message: string
  hint: string
  path: Path
  offset: number | undefined
}

/** What a line gave: findings, and the hashes of its row where it is one. */
export interface Checked {
  found: Found[]
  value: Json | undefined
  row: HoneRow | undefined
  keys: RowKeys | undefined
}

/** A checker of lines for these rules. What it finds in a line does not depend on other lines. */
export function checkerOf(rules: readonly Rule[], context: LintContext) {
  const active = rules.filter(({ needs }) => needs === undefined || context[needs] !== undefined)
  const on = <Kind extends Rule['on']>(kind: Kind) =>
    active.filter(
      (
        rule,
      ): rule is
        Extract<Rule, { on: Kind }> | (Extract<Rule, { on: 'record' | 'malformed' | 'pair' }> & { on: Kind }) =>
        rule.on === kind,
    )
  const kinds = {
    syntax: on('syntax'),
    line: on('line'),
    record: on('record'),
    malformed: on('malformed'),
    pair: on('pair'),
    row: on('row'),
    message: on('message'),
    tool: on('tool'),
    schema: on('schema'),
    call: on('call'),
    value: on('value'),
    mistyped: on('mistyped'),
  }
  const keywords = keywordsOf(kinds.schema)
  const needsKeys = active.some((rule) => rule.on === 'across')
  const needsOutline = needsKeys || active.some(({ code, on }) => code === 'HN005' || on === 'tool' || on === 'schema')
  /** Data sets offer the same tools again and again: those found clean are not looked at twice. */
  const cleanTools = new Set<number>()
  let found: Found[] = []
  const stack: (string | number)[] = []
  /** The tool whose arguments, or whose parameters, are looked at. */
  let subject: string | undefined

  return { check }

  function check(text: string): Checked {
    found = []
    stack.length = 0
    const plain = withoutEdges(text)
    const value = read(plain)
    const outline = needsOutline && isObject(value) ? outlineOf(plain) : undefined
    for (const rule of kinds.line) report(rule, rule.check(text, value, outline))
    if (!isObject(value)) return { found, value, row: undefined, keys: undefined }
    for (const rule of kinds.record) report(rule, rule.check(value))
    let row: HoneRow | undefined
    if (!isRow(value)) for (const rule of isPair(value) ? kinds.pair : kinds.malformed) report(rule, rule.check(value))
    else {
      // Everything that rules look at was just found to be of the type that a row has.
      row = value as unknown as HoneRow
      checkRow(row, outline && itemTexts(plain, outline, 'tools'))
    }
    const ignored = ignoredCodes(value)
    if (ignored) found = found.filter(({ rule }) => !ignored.includes(rule.code))
    return { found, value, row, keys: needsKeys && row ? keysOf(row, plain, outline!) : undefined }
  }

  function read(plain: string): Json | undefined {
    if (plain.trim() === '') return undefined
    try {
      return readQuickly(plain)
    } catch (error) {
      if (!(error instanceof JsonError)) throw error
      for (const rule of kinds.syntax) report(rule, rule.check(error, plain))
      return undefined
    }
  }

  /** `toolTexts`: how the tools are spelt, where it is known. */
  function checkRow(row: HoneRow, toolTexts: readonly string[] | undefined): void {
    for (const rule of kinds.row) report(rule, rule.check(row, context))
    for (let i = 0; i < row.messages.length; i++) {
      stack.push('messages', i)
      for (const rule of kinds.message) report(rule, rule.check(row.messages[i]!, i, row))
      stack.length = 0
    }
    for (let i = 0; i < row.tools.length; i++) {
      const text = toolTexts?.[i]
      const key = text === undefined ? undefined : hash(text)
      if (key !== undefined && cleanTools.has(key)) continue
      const before = found.length
      checkTool(row.tools[i]!, i)
      if (key !== undefined && found.length === before && cleanTools.size < REMEMBERED) cleanTools.add(key)
    }
    for (let i = 0; i < row.answer.length; i++) {
      const call = row.answer[i]!
      const tool = row.tools.find(({ name }) => name === call.name)
      stack.push('answer', i)
      for (const rule of kinds.call) report(rule, rule.check(call, tool, row))
      stack.push('arguments')
      subject = call.name
      if (tool) checkMembers(call.arguments, tool.parameters, 0)
      subject = undefined
      stack.length = 0
    }
  }

  function checkTool(tool: Tool, index: number): void {
    stack.push('tools', index)
    for (const rule of kinds.tool) report(rule, rule.check(tool))
    stack.push('parameters')
    subject = tool.name
    checkSchema(tool.parameters, tool.parameters, 0)
    subject = undefined
    stack.length = 0
  }

  function checkSchema(schema: JsonObject, root: JsonObject, depth: number): void {
    for (const key in schema) {
      const keyword = keywords.get(key)
      if (keyword === undefined) continue
      const { interested, below } = keyword
      for (let i = 0; i < interested.length; i++) {
        const faults = interested[i]!.check(schema, key, root)
        if (faults !== undefined) report(interested[i]!, faults)
      }
      if (below === undefined || depth >= DEEPEST) continue
      const value = schema[key]
      stack.push(key)
      if (below === 'schema') checkBelow(value, root, depth)
      else if (isObject(value)) for (const name in value) checkMember(value[name], root, depth, name)
      else if (Array.isArray(value)) for (let i = 0; i < value.length; i++) checkMember(value[i], root, depth, i)
      stack.length--
    }
  }

  function checkMember(schema: Json | undefined, root: JsonObject, depth: number, step: string | number): void {
    stack.push(step)
    checkBelow(schema, root, depth)
    stack.length--
  }

  function checkBelow(schema: Json | undefined, root: JsonObject, depth: number): void {
    if (isObject(schema)) checkSchema(schema, root, depth + 1)
  }

  function checkMembers(values: JsonObject, schema: JsonObject, depth: number): void {
    const properties = schema['properties']
    if (!isObject(properties)) return
    for (const name in values) {
      const property = Object.hasOwn(properties, name) ? properties[name] : undefined
      if (isObject(property)) checkValue(values[name]!, property, name, depth)
    }
  }

  function checkValue(value: Json, schema: JsonObject, step: string | number, depth: number): void {
    stack.push(step)
    if (!takesType(value, schema)) for (const rule of kinds.mistyped) report(rule, rule.check(value, schema))
    else {
      for (const rule of kinds.value) report(rule, rule.check(value, schema))
      if (depth < DEEPEST) {
        if (isObject(value)) checkMembers(value, schema, depth + 1)
        else if (Array.isArray(value)) {
          const items = schema['items']
          if (isObject(items)) for (let i = 0; i < value.length; i++) checkValue(value[i]!, items, i, depth + 1)
        }
      }
    }
    stack.length--
  }

  function report(rule: Rule, faults: Faults): void {
    if (faults === undefined) return
    if (!('length' in faults)) return add(rule, faults)
    for (const fault of faults) add(rule, fault)
  }

  /** `get_weather(days)`: behind the tool the argument, or the parameter, and where in it. */
  function placeIn(tool: string): string {
    // Before it stand the list, the number, and arguments or parameters.
    const steps = stack.slice(3).filter((step) => step !== 'properties')
    return steps.length === 0 ? tool : `${tool}(${steps.join('.')})`
  }

  function add(rule: Rule, { message, at, offset, hint }: Fault): void {
    const what = subject === undefined ? message : `${placeIn(subject)}: ${message}`
    found.push({ rule, message: what, hint: hint ?? rule.hint, path: at ? [...stack, ...at] : [...stack], offset })
  }
}

export type Checker = ReturnType<typeof checkerOf>

/** A line without byte order mark and carriage return, which rules about lines see and JSON does not. */
export function withoutEdges(text: string): string {
  const start = text.charCodeAt(0) === 0xfeff ? 1 : 0
  const end = text.charCodeAt(text.length - 1) === 13 ? text.length - 1 : text.length
  return start === 0 && end === text.length ? text : text.slice(start, end)
}

/** JSON.parse where it reads exactly what parseJson does: no number that it would change, no nesting that is deep. */
function readQuickly(text: string): Json {
  if (SPECIAL_NUMBER.test(text) || (text.length > 2000 && count(text, '[') + count(text, '{') > 900))
    return parseJson(text)
  try {
    return JSON.parse(text)
  } catch {
    return parseJson(text)
  }
}

const SPECIAL_NUMBER = /\d[eE.]\d|\d[eE][-+]|\d{16}|-0/
const DEEPEST = 60
const REMEMBERED = 1_000_000

/** Keywords under which schemas stand: one, or several by name or index. */
const BELOW = {
  properties: 'schemas',
  $defs: 'schemas',
  definitions: 'schemas',
  anyOf: 'schemas',
  oneOf: 'schemas',
  allOf: 'schemas',
  prefixItems: 'schemas',
  items: 'schema',
  additionalProperties: 'schema',
  not: 'schema',
} as const

type SchemaRule = Extract<Rule, { on: 'schema' }>

/** What a keyword calls for: the rules that look at it, and whether schemas stand below it. */
function keywordsOf(rules: readonly SchemaRule[]) {
  const keywords = new Map<string, { interested: SchemaRule[]; below: 'schema' | 'schemas' | undefined }>()
  for (const [key, below] of Object.entries(BELOW)) keywords.set(key, { interested: [], below })
  for (const rule of rules) {
    for (const key of rule.keys) {
      const known = keywords.get(key) ?? { interested: [], below: undefined }
      keywords.set(key, known)
      known.interested.push(rule)
    }
  }
  return keywords
}

/** Hashes of a row's parts as they are written: rows of one file are spelt alike. */
function keysOf(row: HoneRow, text: string, outline: Outline): RowKeys {
  const messages = fieldText(text, outline, 'messages') ?? spell(row.messages)
  const tools = fieldText(text, outline, 'tools') ?? spell(row.tools)
  const answer = fieldText(text, outline, 'answer') ?? spell(row.answer)
  return { id: hash(row.id), prompt: hash(messages) * 31 + hash(tools), answer: hash(answer) }
}

/** Only for keys spelt with escapes. */
const spell = (value: unknown): string => dumpJson(value as Json)

/** 64 bits, of which a number keeps 53. */
const hash = (text: string): number => Number(Bun.hash(text))

function ignoredCodes(record: JsonObject): Json[] | undefined {
  const own = record['_hone']
  const codes = isObject(own) ? own['ignore'] : undefined
  return Array.isArray(codes) ? codes : undefined
}
