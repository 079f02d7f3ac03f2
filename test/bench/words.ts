// The words of a benchmark's command line: places in order, and the options that all of them take.
import { parseArgs } from 'node:util'
import * as v from 'valibot'
import { deviceSetting } from '../../src/gpu/device/spec.ts'
import type { Precision } from '../../src/gpu/device/precision.ts'

export function words() {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: {
      device: { type: 'string' },
      dtype: { type: 'string', default: 'f32' },
      ends: { type: 'boolean', default: false },
      peers: { type: 'string' },
      llama: { type: 'string' },
      model: { type: 'string' },
      prompt: { type: 'string', default: 'tool-n1' },
      rounds: { type: 'string', default: '3' },
      threads: { type: 'string', default: '2' },
    },
  })
  const dtype = v.parse(v.picklist(['f32', 'f16', 'bf16']), values.dtype)
  const precision: Precision = { weights: dtype, compute: dtype, reduce: 'f32' }
  return {
    places: positionals,
    device: v.parse(deviceSetting('cpu'), values.device),
    /** Element types of the model: of weights and activations the one named. */
    precision,
    /** Python with the packages of the peers. */
    peers: values.peers,
    /** A folder where node-llama-cpp is installed, and the model for it: a GGUF file. */
    llama: values.llama,
    model: values.model,
    /** Completions end where the model ends them. */
    ends: values.ends,
    /** Form of prompts, as hone's --prompt. */
    prompt: values.prompt,
    /** How often each is timed, once to warm up aside. */
    rounds: Number(values.rounds),
    threads: Number(values.threads),
  }
}

export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1]!
}

/** The last line of what a command prints, as JSON. Its stderr goes on to ours. */
export async function lastLine(command: string[], environment: Record<string, string> = {}): Promise<unknown> {
  const child = Bun.spawn(command, { stdout: 'pipe', stderr: 'inherit', env: { ...process.env, ...environment } })
  const text = await new Response(child.stdout).text()
  if ((await child.exited) !== 0) throw new Error(`${command.join(' ')} failed`)
  return JSON.parse(text.trim().split('\n').at(-1)!)
}
