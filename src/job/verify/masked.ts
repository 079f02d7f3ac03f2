// The added part `masked`: completions with spans that an environment gave, which stay in the context and carry no loss.
import { join } from 'node:path'
import type { Device } from '../../gpu/device/device.ts'
import { openModel } from '../../gpu/policy/model.ts'
import { openSafetensors } from '../../gpu/weights/safetensors.ts'
import type { Span } from '../../rl/record.ts'
import { spansOf } from '../../rl/trained.ts'
import { compareTensors, type Finding } from './finding.ts'
import { logprobFindings } from './forward.ts'
import { Metrics, type Oracle } from './oracle.ts'
import { figureFindings, update, weighted } from './update.ts'

/** Log-probs and entropies of all tokens; loss, metrics and gradient of those that are trained on. */
export async function maskedFindings(device: Device, oracle: Oracle): Promise<Finding[]> {
  const { dir, added, read } = oracle
  const trained = trainedSpans(oracle, 'masked', 'loss_mask')
  const model = openModel(device, dir, { training: { kind: 'full' } })
  const forward = logprobFindings('masked ', model, oracle, read('masked', 'forward.safetensors')!)
  const { figures, gradients } = await update(model, oracle, weighted(oracle, trained), 0)
  model.free()
  return [
    ...forward,
    ...figureFindings('masked step0', figures, added('masked', Metrics)),
    ...compareTensors('masked gradient', gradients, read('masked', 'grads.safetensors')!),
  ]
}

/** Of each row the tokens of its completion that a mask of a part lets be trained on. */
export function trainedSpans({ dir, rows, length }: Oracle, ...[part = '', name = '']: string[]): Span[][] {
  const file = openSafetensors(join(dir, part, 'batch.safetensors'))
  const mask = file.integers(name)
  file.close()
  return rows.map(({ ids, promptLength }, row) =>
    spansOf(mask.slice(row * length + promptLength, row * length + ids.length)),
  )
}
