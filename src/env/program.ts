// An environment as a program: lines of JSON, several episodes at once, told apart by their ids.
import * as v from 'valibot'
import type { Call } from '../dialogue/call/format.ts'
import { Message, rowText, Tool } from '../dialogue/row.ts'
import { HoneError } from '../error.ts'
import { type Environment, type Episode, type Observation } from '../rl/environment.ts'
import { stops } from '../rl/record.ts'
import { dumpJson, isObject, parseJson, plainJson, type JsonObject } from '../text/json.ts'
import { type Program, startProgram } from './child.ts'
import { ToolFailure, within } from './runner.ts'

const Given = v.looseObject({ ...Message.entries, role: v.picklist(['tool', 'user']) })
const Reset = v.looseObject({ messages: v.optional(v.array(Message), []), tools: v.optional(v.array(Tool), []) })
const Step = v.looseObject({
  messages: v.optional(v.array(Given), []),
  reward: v.optional(v.number()),
  done: v.boolean(),
  stop: v.optional(v.picklist(stops)),
  metrics: v.optional(v.record(v.string(), v.number()), {}),
})

/** The program is started with the first episode, and again where it ended. `seconds` are given to an answer. */
export function programEnvironment(words: readonly string[], seconds: number): Environment {
  let program: Program | undefined
  let answered = false
  const running = (): Program => (program?.alive() ? program : (program = startProgram(words)))
  /** @throws HoneError where no answer ever came: the program is at fault, not the episode. */
  const ask = async <Schema extends v.GenericSchema>(schema: Schema, on: Program, request: JsonObject) => {
    try {
      const reply = await within(seconds, on.ask(request), () => on.forget(request))
      const said = isObject(reply) ? reply['error'] : undefined
      if (said !== undefined) throw new ToolFailure(typeof said === 'string' ? said : dumpJson(said))
      // Python writes 1.0 where it means 1.
      const read = v.safeParse(schema, plainJson(reply))
      if (!read.success)
        throw new ToolFailure(`the answer is not one: ${v.getDotPath(read.issues[0]) ?? ''} ${read.issues[0].message}`)
      answered = true
      return read.output
    } catch (error) {
      if (answered || !(error instanceof ToolFailure)) throw error
      throw new HoneError(`Cannot run the environment: ${error.message}`, {
        at: words.join(' '),
        hint: 'its own messages stand above; a line {"op":"reset","id",…} is answered with {"id","messages"?,"tools"?}',
      })
    }
  }
  return {
    tools: () => [],
    async reset(row, _, id): Promise<Episode> {
      const on = running()
      // A row is JSON all through.
      const { messages, tools } = await ask(Reset, on, { op: 'reset', id, row: parseJson(rowText(row)) })
      return {
        ...((messages.length > 0 || tools.length > 0) && {
          asked: { messages: [...row.messages, ...messages], tools: [...row.tools, ...tools] },
        }),
        async step({ text, calls }): Promise<Observation> {
          const { reward, stop, ...said } = await ask(Step, on, { op: 'step', id, text, calls: calls.map(plain) })
          return { ...said, ...(reward !== undefined && { reward }), ...(stop !== undefined && { stop }) }
        },
        close: () => on.tell({ op: 'close', id }),
      }
    },
    close: () => program?.end(),
  }
}

const plain = ({ name, arguments: values }: Call): JsonObject => ({ name, arguments: values })
