// hone doctor at work: findings of the machine as text or for programs.
import * as v from 'valibot'
import { EXIT, type ExitCode } from '../../error.ts'
import { data } from '../../out.ts'
import { next } from '../../shell/next.ts'
import { table } from '../../shell/table.ts'
import { names, otherwise, say, text, toggle } from '../../text/setting.ts'
import { installCuda } from '../install/cuda.ts'
import { type Finding, inspectMachine } from './machine.ts'
import { inspectProviders } from './providers.ts'

const marks = { ok: ' ', missing: '-', broken: '!' }

const formats = {
  text: (findings: Finding[]) => {
    const lines = table(findings.map(({ area, name, value, state }) => [marks[state], area, name, value]))
    return findings.flatMap(({ state, note, hint }, index) => {
      if (state === 'ok') return [lines[index]! + (note ? ` (${note})` : '')]
      return [lines[index]!, `    ${note}`, ...(hint ? [`    hint: ${hint}`] : [])]
    })
  },
  json: (findings: Finding[]) => [JSON.stringify(findings, null, 2)],
  ndjson: (findings: Finding[]) => findings.map((finding) => JSON.stringify(finding)),
}

export const DoctorFlags = v.object({
  format: say(v.optional(names(formats), 'text'), 'how to print the findings'),
  install: say(
    otherwise(v.picklist(['cuda']), 'nothing'),
    'fetch the CUDA provider of this ONNX Runtime into the cache',
  ),
  dryRun: say(toggle(), 'with --install: say what would be fetched, and fetch nothing'),
  from: say(
    otherwise(text('PLACE'), "pip's index"),
    'with --install: a folder of wheels, or the address of another index',
  ),
})

/** The exit code: 1 where something is broken. */
export async function doctor({ format, install, ...options }: v.InferOutput<typeof DoctorFlags>): Promise<ExitCode> {
  if (install !== undefined) {
    await installCuda(options)
    return EXIT.ok
  }
  const findings = [...(await inspectMachine()), ...(await inspectProviders())]
  for (const line of formats[format](findings)) data(line)
  if (findings.some(({ state }) => state === 'broken')) return EXIT.no
  next([['demo'], 'see a small model learn'], [['init', 'train'], 'start a run of your own'])
  return EXIT.ok
}
