// hone verify: the engine against a folder of reference numbers.
import { defineCommand } from 'citty'
import { EXIT } from '../error.ts'
import { type DeviceSpec, openDevice } from '../gpu/device/open.ts'
import { data, log } from '../out.ts'
import { table } from '../shell/table.ts'
import { verify } from '../job/verify/verify.ts'

export default defineCommand({
  meta: {
    description: 'compare the engine with reference numbers: logits, gradients, weights after updates, greedy ids',
  },
  args: {
    dir: {
      type: 'positional',
      description: 'folder with a model, a batch and what is expected of them',
      required: true,
    },
    device: { type: 'string', description: 'cpu, cuda, cuda:N or auto', valueHint: 'DEVICE' },
    format: { type: 'enum', options: ['text', 'ndjson'], description: 'format of the output' },
  },
  async run({ args }) {
    const device = await openDevice((args.device ?? 'cpu') as DeviceSpec)
    const findings = await verify(device, args.dir)
    const lines = findings.map(({ name, max_abs, max_rel, ok, bound, by }) => [
      `${ok ? 'ok  ' : 'FAIL'} ${name}`,
      `max abs ${max_abs.toExponential(1)}  max rel ${max_rel.toExponential(1)}  (bound ${bound} ${by})`,
    ])
    if (args.format !== 'ndjson') for (const line of table(lines)) data(line)
    else for (const { name, max_abs, max_rel, ok } of findings) data(JSON.stringify({ name, max_abs, max_rel, ok }))
    const failed = findings.filter(({ ok }) => !ok).length
    log(`${args.dir}: ${findings.length - failed} of ${findings.length} within bounds on ${device.name}`)
    return failed > 0 ? EXIT.no : EXIT.ok
  },
})
