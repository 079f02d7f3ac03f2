// An environment as a program: lines of JSON, several episodes at once, told apart by their ids.
import * as v from 'valibot'
import type { Call } from '../dialogue/call/format.ts'
import { Message, rowText, Tool } from '../dialogue/row.ts'
import { HoneError } from '../error.ts'
import { type Environment, type Episode, type Observation } from '../rl/environment.ts'
import { stops } from '../rl/record.ts'
import { dumpJson, isObject, JsonError, parseJson, plainJson, type Json, type JsonObject } from '../text/json.ts'
import { lineBlocks } from '../text/lines.ts'
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
  const running = (): Program => (program?.alive() ? program : (program = start(words)))
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

interface Program {
  alive(): boolean
  /** The reply to a request, by its id. @throws ToolFailure where the program ends or says what nobody asked. */
  ask(request: JsonObject): Promise<Json>
  /** Nobody waits for the reply any more. */
  forget(request: JsonObject): void
  tell(request: JsonObject): void
  end(): void
}

/** In a group of its own: a shell and what it started end together. */
function start(words: readonly string[]): Program {
  const child = Bun.spawn([...words], { stdin: 'pipe', stdout: 'pipe', stderr: 'inherit', detached: true })
  const waiting = new Map<string, PromiseWithResolvers<Json>>()
  /** Replies of episodes that nobody waits for may still come. */
  const forgotten = new Set<string>()
  let alive = true
  const end = () => {
    alive = false
    process.off('exit', end)
    try {
      process.kill(-child.pid, 'SIGKILL')
    } catch {
      child.kill('SIGKILL')
    }
  }
  const fail = (why: string) => {
    end()
    for (const { reject } of waiting.values()) reject(new ToolFailure(why))
    waiting.clear()
  }
  process.on('exit', end)
  void read()
  return {
    alive: () => alive,
    async ask(request) {
      if (!alive) throw new ToolFailure('the program has ended')
      const id = String(request['id'])
      const reply = Promise.withResolvers<Json>()
      waiting.set(id, reply)
      write(request)
      return await reply.promise
    },
    forget(request) {
      waiting.delete(String(request['id']))
      forgotten.add(String(request['id']))
    },
    tell(request) {
      forgotten.add(String(request['id']))
      if (alive) write(request)
    },
    end,
  }

  async function read(): Promise<void> {
    try {
      for await (const { texts } of lineBlocks(child.stdout))
        for (const line of texts) if (line.trim() !== '') take(line)
    } catch {
      // The descriptor of a process that was killed cannot be read: that is its end.
    }
    fail(`the program ended with code ${await child.exited}`)
  }

  function take(line: string): void {
    let reply: Json
    try {
      reply = parseJson(line)
    } catch (error) {
      if (!(error instanceof JsonError)) throw error
      return fail(`the program says what is no JSON: ${line.slice(0, 80)}`)
    }
    const id = isObject(reply) ? String(reply['id']) : ''
    const asked = waiting.get(id)
    if (asked === undefined && forgotten.has(id)) return
    if (asked === undefined) return fail(`the program answers for an episode that was not asked: ${line.slice(0, 80)}`)
    waiting.delete(id)
    asked.resolve(reply)
  }

  /** A program that has ended takes nothing more: what it ended with is told by `read`. */
  function write(request: JsonObject): void {
    try {
      child.stdin.write(`${dumpJson(request, { ensureAscii: false })}\n`)
      void Promise.resolve(child.stdin.flush()).catch(() => {})
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EPIPE')) throw error
    }
  }
}
