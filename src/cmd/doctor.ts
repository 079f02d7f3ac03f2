// `hone doctor`: what hone found on this machine, and what is missing and why.
import { defineCommand } from 'citty'
import { EXIT } from '../error.ts'
import { inspectProviders } from '../gpu/providers.ts'
import { type Finding, inspectMachine } from '../machine.ts'
import { data } from '../out.ts'
import { table } from '../table.ts'

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

const formats = {
  text: (findings: Finding[]) =>
    table(
      findings.map(({ area, name, value, state, note, hint }) => [
        state === 'ok' ? ' ' : state === 'missing' ? '-' : '!',
        area,
        name,
        [value, note, hint && `hint: ${hint}`].filter(Boolean).join('; '),
      ]),
    ),
  json: (findings: Finding[]) => [JSON.stringify(findings, null, 2)],
  ndjson: (findings: Finding[]) => findings.map((finding) => JSON.stringify(finding)),
}
