// `hone doctor`: what hone found on this machine, and what is missing and why.
import { defineCommand } from 'citty'
import { EXIT } from '../error.ts'
import { inspectProviders } from '../job/doctor/providers.ts'
import { type Finding, inspectMachine } from '../job/doctor/machine.ts'
import { data } from '../out.ts'
import { table } from '../shell/table.ts'

export default defineCommand({
  meta: { name: 'doctor', description: 'show what hone found on this machine: runtime, processor, memory, devices' },
  args: {
    format: {
      type: 'enum',
      options: ['text', 'json', 'ndjson'],
      default: 'text',
      description: 'how to print the findings',
    },
  },
  async run({ args }) {
    const findings = [...inspectMachine(), ...(await inspectProviders())]
    for (const line of formats[args.format](findings)) data(line)
    return findings.some(({ state }) => state === 'broken') ? EXIT.no : EXIT.ok
  },
})

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
