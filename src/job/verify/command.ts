// hone verify at work: the engine against a folder of reference numbers, a line for every quantity.
import * as v from 'valibot'
import { EXIT, type ExitCode } from '../../error.ts'
import { openDevice } from '../../gpu/device/open.ts'
import { dtypeSetting } from '../../gpu/device/precision.ts'
import { deviceSetting } from '../../gpu/device/spec.ts'
import { data, log } from '../../out.ts'
import { next } from '../../shell/next.ts'
import { table } from '../../shell/table.ts'
import { argument, folder, say } from '../../text/setting.ts'
import { verify } from './verify.ts'

export const VerifyFlags = v.object({
  dir: argument(folder(), 'folder with a model, a batch and what is expected of them'),
  device: deviceSetting('cpu'),
  dtype: dtypeSetting('f32'),
  format: say(v.optional(v.picklist(['text', 'ndjson']), 'text'), 'format of the output'),
})

/** The exit code: 1 where an error is beyond its bound. @throws HoneError for a folder that holds no reference. */
export async function verifyCommand({
  dir,
  device: spec,
  dtype,
  format,
}: v.InferOutput<typeof VerifyFlags>): Promise<ExitCode> {
  const device = await openDevice(spec, { dtype })
  const rounded = dtype === 'tf32' || device.precision.compute !== 'f32'
  const findings = await verify(device, dir, rounded)
  const lines = findings.map(({ name, max_abs, max_rel, ok, bound, by }) => [
    `${ok ? 'ok  ' : 'FAIL'} ${name}`,
    `max abs ${max_abs.toExponential(1)}  max rel ${max_rel.toExponential(1)}  (bound ${bound} ${by})`,
  ])
  if (format !== 'ndjson') for (const line of table(lines)) data(line)
  else for (const { name, max_abs, max_rel, ok } of findings) data(JSON.stringify({ name, max_abs, max_rel, ok }))
  const failed = findings.filter(({ ok }) => !ok).length
  log(
    `${dir}: ${findings.length - failed} of ${findings.length} within bounds${rounded ? ` in ${dtype}` : ''} on ${device.name}`,
  )
  if (failed > 0) next([['doctor'], 'what hone computes with on this machine'])
  return failed > 0 ? EXIT.no : EXIT.ok
}
