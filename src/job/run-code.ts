// hone run-code at work: one program, or with --serve each program of stdin in the interpreter that hone carries.
import * as v from 'valibot'
import { openEngine } from '../env/code/engines.ts'
import { shown } from '../env/code/interpreter.ts'
import { loadMicroPython } from '../env/code/micropython.ts'
import { EXIT, type ExitCode, HoneError } from '../error.ts'
import { complain, data, flush } from '../out.ts'
import { codeSettings, environmentSettings } from '../rl/environment-settings.ts'
import { readChunks } from '../text/chunks.ts'
import { readRecords } from '../text/jsonl.ts'
import { plainJson } from '../text/json.ts'
import { argument, file, say, toggle } from '../text/setting.ts'

const { codeState: _, ...engine } = codeSettings
export const RunCodeFlags = v.object({
  file: argument(v.optional(file(), '-'), 'the program; - is standard input'),
  ...engine,
  toolTimeout: environmentSettings.toolTimeout,
  serve: say(
    toggle(),
    'answer lines {"id", "code"} with {"id", "output", "error"} until stdin ends, in the embedded interpreter',
  ),
})

/** Exit code 1 where the program failed; its error is on stderr. @throws HoneError for an engine that this machine does not have. */
export async function runCodeCommand({
  file,
  serve,
  ...settings
}: v.InferOutput<typeof RunCodeFlags>): Promise<ExitCode> {
  if (serve) return await servePrograms(file)
  const code = new TextDecoder().decode(Buffer.concat(await Array.fromAsync(readChunks(file))))
  const engine = await openEngine({ ...settings, codeState: 'call' })
  try {
    const { output, error } = await engine.run(shown(code))
    if (output !== '') data(output.trimEnd())
    if (error !== null) complain(error)
    return error === null ? EXIT.ok : EXIT.no
  } finally {
    engine.close()
  }
}

const Request = v.object({ id: v.string(), code: v.string() })

async function servePrograms(file: string): Promise<ExitCode> {
  const fresh = await loadMicroPython()
  let run = fresh()
  for await (const { value, line } of readRecords(file)) {
    const asked = v.safeParse(Request, plainJson(value))
    if (!asked.success) throw new HoneError('Cannot run a program: it has no id and code', { at: `${file}:${line}` })
    const { id, code } = asked.output
    data(JSON.stringify({ id, ...run(code) }))
    flush()
    // Someone waits for the answer, and for the next one an interpreter that has run nothing.
    run = fresh()
  }
  return EXIT.ok
}
