// Tools of the configuration: a command that reads the arguments on its standard input, or an address that they are sent to.
import type { ConfiguredTool } from '../../rl/environment-settings.ts'
import { dumpJson } from '../../text/json.ts'
import { endGroup, LONGEST_OUTPUT, readSome } from '../process.ts'
import { ToolFailure, within, type Runner } from '../runner.ts'

export function configured({ name, description, parameters, command, url }: ConfiguredTool, seconds: number): Runner {
  return {
    tool: { name, description, parameters },
    run: (values) => {
      const body = dumpJson(values, { ensureAscii: false })
      return command === undefined ? post(url!, body, seconds) : run(command, body, seconds)
    },
  }
}

async function run(command: string, input: string, seconds: number): Promise<string> {
  const child = Bun.spawn(['sh', '-c', command], {
    stdin: new Blob([input]),
    stdout: 'pipe',
    stderr: 'pipe',
    detached: true,
  })
  const end = () => endGroup(child)
  const work = Promise.all([
    readSome(child.stdout, LONGEST_OUTPUT, end),
    readSome(child.stderr, LONGEST_OUTPUT, end),
    child.exited,
  ])
  const [output, errors, code] = await within(seconds, work, end)
  if (code !== 0 && output.length < LONGEST_OUTPUT)
    throw new ToolFailure(errors.trim().split('\n').at(-1) || `the command ended with code ${code}`)
  return output.trimEnd()
}

async function post(url: string, body: string, seconds: number): Promise<string> {
  const ending = new AbortController()
  const work = fetch(url, {
    method: 'POST',
    body,
    headers: { 'content-type': 'application/json' },
    signal: ending.signal,
  })
    .then(async (response) => ({
      ok: response.ok,
      status: response.status,
      text: await readSome(response.body, LONGEST_OUTPUT, () => ending.abort()),
    }))
    .catch((error: unknown) => {
      throw new ToolFailure(error instanceof Error ? error.message : String(error))
    })
  const { ok, status, text } = await within(seconds, work, () => ending.abort())
  if (!ok) throw new ToolFailure(`status ${status}: ${text.slice(0, 200)}`)
  return text.trimEnd()
}
