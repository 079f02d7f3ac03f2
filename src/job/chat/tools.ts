// The tools of a conversation, from a file; some know how they answer: a program, or an address.
import { readFileSync } from 'node:fs'
import * as v from 'valibot'
import type { Call } from '../../dialogue/call/format.ts'
import { argumentsText } from '../../dialogue/call/write.ts'
import type { Tool } from '../../dialogue/row.ts'
import { repairTools } from '../../data/tools.ts'
import { Rejection } from '../../data/source.ts'
import { HoneError } from '../../error.ts'
import { isObject, JsonError, parseJson, type Json } from '../../text/json.ts'

export interface ToolBox {
  tools: Tool[]
  /** What the tool of that call answers; undefined where nothing but its name and schema is known. Never throws. */
  run(call: Call, signal: AbortSignal): Promise<string> | undefined
}

const Answering = v.object({ command: v.optional(v.string()), url: v.optional(v.string()) })

/** Milliseconds that a tool may take. */
const LONGEST = 60_000

/**
 * A list of tools, as OpenAI or hone spell them, or {tools: [...]}. Beside its schema a tool may have `command`, which is given the
 * arguments as JSON on standard input, or `url`, to which they are posted; the output is the answer. @throws HoneError
 */
export function readTools(path: string): ToolBox {
  const value = read(path)
  const list = isObject(value) ? (value['tools'] ?? null) : value
  try {
    if (!Array.isArray(list)) throw new Rejection('bad-tools', 'expected a list of tools')
    const { tools, extras } = repairTools(list)
    return {
      tools,
      run(call, signal) {
        const answering = v.safeParse(Answering, extras[call.name])
        if (!answering.success) return undefined
        const { command, url } = answering.output
        const bounded = AbortSignal.any([signal, AbortSignal.timeout(LONGEST)])
        if (command !== undefined) return answered(runProgram(command, call, bounded))
        return url === undefined ? undefined : answered(post(url, call, bounded))
      },
    }
  } catch (error) {
    if (error instanceof Rejection) throw new HoneError(`Cannot read the tools: ${error.message}`, { at: path })
    throw error
  }
}

function read(path: string): Json {
  try {
    return parseJson(readFileSync(path, 'utf8'))
  } catch (cause) {
    const reason = cause instanceof JsonError ? `this is not JSON: ${cause.message}` : String(cause)
    throw new HoneError(`Cannot read the tools: ${reason}`, { at: path, cause })
  }
}

/** A tool that fails says so to the model. */
async function answered(answer: Promise<string>): Promise<string> {
  try {
    return (await answer).trimEnd()
  } catch (error) {
    return `error: ${error instanceof Error ? error.message : String(error)}`
  }
}

async function runProgram(command: string, call: Call, signal: AbortSignal): Promise<string> {
  const child = Bun.spawn(['/bin/sh', '-c', command], {
    stdin: Buffer.from(argumentsText(call)),
    stderr: 'pipe',
    signal,
  })
  const [output, complaint] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()])
  const code = await child.exited
  if (code === 0) return output
  throw new Error(complaint.trim() || (signal.aborted ? 'the tool was ended' : `the tool ended with ${code}`))
}

async function post(url: string, call: Call, signal: AbortSignal): Promise<string> {
  const headers = { 'content-type': 'application/json' }
  const response = await fetch(url, { method: 'POST', headers, body: argumentsText(call), signal })
  const text = await response.text()
  if (response.ok) return text
  throw new Error(`status ${response.status}: ${text.slice(0, 300)}`)
}
