// Tools of the configuration: a command that reads the arguments on its standard input, or an address that they are sent to.
import type { ConfiguredTool } from '../../rl/environment-settings.ts'
import { dumpJson } from '../../text/json.ts'
import { endGroup, LONGEST_OUTPUT, readSome, requireShort } from '../process.ts'
import { ToolFailure, within, type Runner } from '../runner.ts'

/** A call under way: `end` ends it early. */
interface Running {
  work: Promise<string>
  end(): void
}

export function configured({ name, description, parameters, command, url }: ConfiguredTool, seconds: number): Runner {
  const running = new Set<Running>()
  return {
    tool: { name, description, parameters },
    async run(values) {
      const body = dumpJson(values, { ensureAscii: false })
      const call = command === undefined ? post(url!, body) : run(command, body)
      running.add(call)
      try {
        return requireShort(await within(seconds, call.work, call.end)).trimEnd()
      } finally {
        running.delete(call)
      }
    },
    end: () => running.forEach((call) => call.end()),
  }
}

function run(command: string, input: string): Running {
  const child = Bun.spawn(['sh', '-c', command], {
    stdin: new Blob([input]),
    stdout: 'pipe',
    stderr: 'pipe',
    detached: true,
  })
  const end = () => endGroup(child)
  const read = (stream: ReadableStream<Uint8Array>) => readSome(stream, LONGEST_OUTPUT, end)
  const work = Promise.all([read(child.stdout), read(child.stderr), child.exited]).then(([output, errors, code]) => {
    if (code !== 0 && output.length < LONGEST_OUTPUT)
      throw new ToolFailure(errors.trim().split('\n').at(-1) || `the command ended with code ${code}`)
    return output
  })
  return { work, end }
}

function post(url: string, body: string): Running {
  const ending = new AbortController()
  const end = () => ending.abort()
  const headers = { 'content-type': 'application/json' }
  const ask = async () => {
    const response = await fetch(url, { method: 'POST', body, headers, signal: ending.signal })
    const text = await readSome(response.body, LONGEST_OUTPUT, end)
    if (!response.ok) throw new ToolFailure(`status ${response.status}: ${text.slice(0, 200)}`)
    return text
  }
  const work = ask().catch((error: unknown) => {
    throw error instanceof ToolFailure ? error : new ToolFailure(error instanceof Error ? error.message : String(error))
  })
  return { work, end }
}
