// Tools that a data set writes into its system message, as Hermes' and Qwen's templates show them: read, and taken out of the text.
import { isObject, JsonError, parseJson, type Json } from '../text/json.ts'
import { literalEval } from '../text/python.ts'
import { toJson } from '../text/python/json.ts'
import { PythonError } from '../text/python/value.ts'
import type { Dialogue } from './source.ts'

/** What begins a text that does nothing but show tools, to the end of the message. */
const OPENING = /You are a function[- ]calling AI model|# Tools\s{1,9}You may call one or more functions/

/**
 * The dialogue without a text that shows its tools, and with these where the row names none itself; undefined where there is
 * nothing to take. Of a text in other words the tools are read, and it stays.
 */
export function withoutShownTools(dialogue: Dialogue): Dialogue | undefined {
  const place = dialogue.turns.findIndex(({ role, content }) => role === 'system' && content.includes('<tools>'))
  const system = dialogue.turns[place]
  if (!system) return undefined
  const begin = system.content.search(OPENING)
  const named = dialogue.tools.length > 0
  const tools = named ? dialogue.tools : toolsIn(system.content)
  if (tools.length === 0 || (named && begin < 0)) return undefined
  const content = begin < 0 ? system.content : system.content.slice(0, begin).trimEnd()
  if (content !== '') return { ...dialogue, tools, turns: dialogue.turns.with(place, { ...system, content }) }
  const untaught = [...(dialogue.untaught ?? [])].map((turn) => (turn > place ? turn - 1 : turn))
  return { ...dialogue, tools, turns: dialogue.turns.toSpliced(place, 1), untaught: new Set(untaught) }
}

/** Between the first tags that hold tools, as one list or one a line: the tags are also named in running text. */
function toolsIn(text: string): Json[] {
  for (const part of text.split('</tools>').slice(0, -1)) {
    const body = part.slice(part.lastIndexOf('<tools>') + '<tools>'.length).trim()
    if (!/^[[{]/.test(body)) continue
    const whole = read(body)
    const tools = Array.isArray(whole)
      ? whole
      : body.split('\n').flatMap((line) => (line.trim() === '' ? [] : read(line)))
    if (tools.every(isObject)) return tools
  }
  return []
}

/** JSON, or a Python literal as the first Hermes rows have it. */
function read(text: string): Json {
  for (const reader of [parseJson, (each: string): Json => toJson(literalEval(each))]) {
    try {
      return reader(text)
    } catch (error) {
      if (!(error instanceof JsonError) && !(error instanceof PythonError)) throw error
    }
  }
  return null
}
