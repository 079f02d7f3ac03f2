// A program that answers lines of JSON with lines of JSON, told apart by their ids: several questions may be open at once.
import { dumpJson, isObject, JsonError, parseJson, type Json, type JsonObject } from '../text/json.ts'
import { lineBlocks } from '../text/lines.ts'
import { endGroup } from './process.ts'
import { ToolFailure } from './runner.ts'

export interface Program {
  alive(): boolean
  /** The reply to a request, by its id. @throws ToolFailure where the program ends or says what nobody asked. */
  ask(request: JsonObject): Promise<Json>
  /** Nobody waits for the reply any more. */
  forget(request: JsonObject): void
  tell(request: JsonObject): void
  end(): void
}

/** In a group of its own: a shell and what it started end together. */
export function startProgram(words: readonly string[]): Program {
  const child = Bun.spawn([...words], { stdin: 'pipe', stdout: 'pipe', stderr: 'inherit', detached: true })
  const waiting = new Map<string, PromiseWithResolvers<Json>>()
  /** Replies of episodes that nobody waits for may still come. */
  const forgotten = new Set<string>()
  let alive = true
  const end = () => {
    alive = false
    process.off('exit', end)
    endGroup(child)
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

  /**
   * A program that has ended takes nothing more: what it ended with is told by `read`. In ASCII: half a letter of a model is
   * taken for no broken bytes.
   */
  function write(request: JsonObject): void {
    try {
      child.stdin.write(`${dumpJson(request)}\n`)
      void Promise.resolve(child.stdin.flush()).catch(() => {})
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EPIPE')) throw error
    }
  }
}
