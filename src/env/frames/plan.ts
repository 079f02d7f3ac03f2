// Episodes in ReWOO's frame: a plan, its calls in order, one message of evidence, the answer.
import type { Episode } from '../../rl/environment.ts'
import type { Runner } from '../runner.ts'
import { answer, type Ending } from '../toolbox.ts'
import type { PlanFrame } from './frame.ts'

export interface Plan {
  /** Its steps, with what they begin with. */
  steps: string[]
  /** Calls by the names of their evidence, in order; a repeated name keeps its place and the last call. */
  calls: Map<string, string>
}

/** The plan in a text, or why it is none: the published parser raises there. */
export function readPlan(text: string, { plan, evidence, none }: PlanFrame): Plan | { fault: string } {
  const steps: string[] = []
  const calls = new Map<string, string>()
  for (const line of text.split('\n')) {
    if (line.startsWith(plan)) steps.push(line)
    if (!line.startsWith(evidence[0]!)) continue
    const equals = line.indexOf('=')
    if (equals < 0) return { fault: `a line of evidence without "=": ${line}` }
    const name = line.slice(0, equals).trim()
    // The published code takes names of one digit.
    if (name.length === evidence.length + 1 && name.startsWith(evidence) && /\d$/.test(name))
      calls.set(name, line.slice(equals + 1).trim())
    else calls.set(name, none)
  }
  return steps.every((_, i) => calls.has(`${evidence}${i + 1}`))
    ? { steps, calls }
    : { fault: `a step of the plan has no evidence: there are ${steps.length} steps, ${calls.size} lines of evidence` }
}

/** The evidence of every call: earlier evidence is put in where it is named, in brackets. */
export async function gather(
  { calls }: Plan,
  run: (tool: string, input: string) => Promise<string | undefined>,
  none: string,
): Promise<Map<string, string>> {
  const found = new Map<string, string>()
  for (const [name, call] of calls) {
    const open = call.indexOf('[')
    if (open < 0) {
      found.set(name, call)
      continue
    }
    let input = call.slice(open + 1, -1)
    for (const [earlier, evidence] of found) input = input.replaceAll(earlier, () => `[${evidence}]`)
    found.set(name, (await run(call.slice(0, open), input)) ?? none)
  }
  return found
}

export function playPlan(frame: PlanFrame, runners: readonly Runner[], ending: Ending): Episode {
  let planned = false
  return {
    async step({ text }) {
      if (planned) {
        const reward = ending(text)
        return { messages: [], done: true, ...(reward !== undefined && { reward }) }
      }
      planned = true
      const plan = readPlan(text, frame)
      if ('fault' in plan) return { messages: [], done: true, stop: 'parse_error', reward: 0 }
      let failure: string | undefined
      let errors = 0
      const evidence = await gather(
        plan,
        async (name, input) => {
          const target = Object.hasOwn(frame.tools, name) ? frame.tools[name] : undefined
          if (!target) return undefined
          const ran = await answer({ name: target.tool, arguments: { [target.argument]: input } }, runners)
          failure ??= ran.failure
          errors += Number(ran.error)
          return ran.content
        },
        frame.none,
      )
      return {
        messages: [{ role: 'user', content: `${solverLog(plan, evidence, frame)}${frame.then}` }],
        done: false,
        metrics: { tool_calls: plan.calls.size, tool_errors: errors },
        ...(failure !== undefined && { fault: failure }),
      }
    },
    close() {},
  }
}

/** Every step with the evidence of its number. */
export function solverLog({ steps }: Plan, evidence: ReadonlyMap<string, string>, frame: PlanFrame): string {
  return steps.map((step, i) => `${step}\nEvidence:\n${evidence.get(`${frame.evidence}${i + 1}`)}\n`).join('')
}
