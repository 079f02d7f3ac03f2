// The tools of a conversation, from a file: those with a command or an address answer by themselves, a person for the others.
import * as v from 'valibot'
import { repairTools } from '../../data/tools.ts'
import { Rejection } from '../../data/source.ts'
import type { Runner } from '../../env/runner.ts'
import { configured } from '../../env/tools/configured.ts'
import type { Tool } from '../../dialogue/row.ts'
import type { ConfiguredTool } from '../../rl/environment-settings.ts'
import { HoneError } from '../../error.ts'
import { isObject, JsonError, parseJson, type Json } from '../../text/json.ts'
import { readWhole } from '../../text/whole.ts'

const Answering = v.object({ command: v.optional(v.string()), url: v.optional(v.string()) })

/** Tools that all answer by themselves. @throws HoneError for one that does not. */
export function readConfigured(path: string): ConfiguredTool[] {
  return toolsIn(path).map(({ tool, command, url }) => {
    if ((command === undefined) === (url === undefined))
      throw new HoneError(`Cannot use the tool ${tool.name}: it has no command and no url, or both`, { at: path })
    return { ...tool, ...(command !== undefined && { command }), ...(url !== undefined && { url }) }
  })
}

/**
 * A list of tools, as OpenAI or hone spell them, or {tools: [...]}; beside its schema one may have `command` or `url`, which have so
 * many seconds to answer. `ask` has a person give the result of any other. @throws HoneError
 */
export function readTools(path: string, seconds: number, ask: (name: string) => Promise<string>): Runner[] {
  return toolsIn(path).map(({ tool, command, url }): Runner => {
    const byItself = command !== undefined || url !== undefined
    return byItself ? configured({ ...tool, command, url }, seconds) : { tool, run: () => ask(tool.name) }
  })
}

/** Tools in any spelling that prep reads, with where their calls go. @throws HoneError */
function toolsIn(path: string): { tool: Tool; command?: string | undefined; url?: string | undefined }[] {
  const value = read(path)
  const list = isObject(value) ? (value['tools'] ?? null) : value
  try {
    if (!Array.isArray(list)) throw new Rejection('bad-tools', 'expected a list of tools')
    const { tools, extras } = repairTools(list)
    return tools.map((tool) => {
      const { output, success } = v.safeParse(Answering, extras[tool.name] ?? {})
      return { tool, ...(success && output) }
    })
  } catch (error) {
    if (error instanceof Rejection) throw new HoneError(`Cannot read the tools: ${error.message}`, { at: path })
    throw error
  }
}

function read(path: string): Json {
  const text = readWhole(path, 'Cannot read the tools')
  try {
    return parseJson(text)
  } catch (cause) {
    if (!(cause instanceof JsonError)) throw cause
    throw new HoneError(`Cannot read the tools: this is not JSON: ${cause.message}`, { at: path, cause })
  }
}
