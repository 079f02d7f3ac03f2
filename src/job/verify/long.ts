// The added part `long`: one long sequence, its gradient, and the same under other configurations: positions stretched by YaRN, windows.
import { existsSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import * as v from 'valibot'
import { sum } from '../../eval/statistics.ts'
import type { Device } from '../../gpu/device/device.ts'
import { openModel } from '../../gpu/policy/model.ts'
import { openSafetensors } from '../../gpu/weights/safetensors.ts'
import { BOUND, compareTensors, errors, type Finding, normFinding, single } from './finding.ts'
import type { Oracle } from './oracle.ts'

const Figures = v.object({ sft_loss: v.number(), grad_norm: v.number() })

export function longFindings(device: Device, oracle: Oracle): Finding[] {
  const { dir, added, read } = oracle
  const figures = added('long', Figures)
  const file = openSafetensors(join(dir, 'long', 'batch.safetensors'))
  const ids = file.integers('input_ids')
  file.close()
  const want = read('long', 'forward.safetensors')!
  const model = openModel(device, dir, { training: { kind: 'full' } })
  const [logprobs, logits] = [errors(), errors()]
  logits.add(model.logits(ids).slice(-want.get('last_logits')!.length), want.get('last_logits')!)
  const group = { prompt: ids.slice(0, 1), completions: [ids.slice(1)] }
  let loss = 0
  model.accumulate([group], { temperature: 1 }, (forward) => {
    const [found] = forward.logprobs[0]!
    logprobs.add(found!, want.get('logprobs')!)
    loss = -sum(Array.from(found!)) / found!.length
    return { logprobs: [[found!.map(() => -1 / found!.length)]] }
  })
  const wanted = read('long', 'sft_grads.safetensors')!
  const gradients = model.gradients()
  const findings = [
    logprobs.finding('long logprobs', BOUND.logprobs, 'abs'),
    logits.finding('long last_logits', BOUND.logits, 'abs'),
    single('long sft_loss', loss, figures.sft_loss, BOUND.parts),
    ...compareTensors(
      'long gradient',
      gradients.filter(({ name }) => wanted.has(name)),
      wanted,
    ),
    normFinding('long grad_norm', gradients, figures.grad_norm),
  ]
  model.free()
  const others = ['yarn', 'sliding'].filter((name) => existsSync(join(dir, 'long', name)))
  return [...findings, ...others.map((name) => underOther(device, oracle, name, group))]
}

/** The weights of the folder under another configuration. */
function underOther(
  device: Device,
  { dir, read }: Oracle,
  name: string,
  group: { prompt: number[]; completions: number[][] },
): Finding {
  const folder = mkdtempSync(join(tmpdir(), 'hone-verify-'))
  try {
    symlinkSync(resolve(dir, 'long', name, 'config.json'), join(folder, 'config.json'))
    symlinkSync(resolve(dir, 'model.safetensors'), join(folder, 'model.safetensors'))
    const model = openModel(device, folder)
    const each = errors()
    const { logprobs } = model.forward([group], { temperature: 1 })
    each.add(logprobs[0]![0]!, read('long', name, 'forward.safetensors')!.get('logprobs')!)
    model.free()
    return each.finding(`long ${name} logprobs`, BOUND.logprobs, 'abs')
  } finally {
    rmSync(folder, { recursive: true })
  }
}
