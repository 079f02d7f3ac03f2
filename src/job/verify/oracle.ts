// A folder of reference numbers as it lies: one batch, and what other trainers computed on it (see `verify`).
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as v from 'valibot'
import { HoneError } from '../../error.ts'
import type { Group } from '../../gpu/policy/policy.ts'
import { openSafetensors } from '../../gpu/weights/safetensors.ts'

const Figures = v.object({
  loss: v.number(),
  pg_loss: v.number(),
  kl: v.number(),
  clipfrac: v.number(),
  ppo_kl: v.number(),
  entropy: v.number(),
  grad_norm: v.number(),
})
const Expect = v.object({
  step0: Figures,
  step1: Figures,
  step2: Figures,
  temperature: v.number(),
  clip: v.number(),
  kl_coef: v.number(),
  lr: v.number(),
  weight_decay: v.number(),
  max_grad_norm: v.number(),
  sft_loss: v.number(),
  lora_loss: v.optional(v.number()),
  greedy: v.record(v.string(), v.array(v.number())),
})
export type Expect = v.InferOutput<typeof Expect>
/** expect2.json: a key per added part. */
const Added = v.object({ masked: Figures })
export type StepFigures = v.InferOutput<typeof Figures>

/** One sequence of the batch, padding removed. S tokens, of which the last R are the completion. */
export interface OracleRow {
  ids: number[]
  promptLength: number
  reward: number
  group: number
  /** Of the completion's tokens, [R]. */
  oldLogprobs: Float32Array
  referenceLogprobs: Float32Array
}

export interface Oracle {
  dir: string
  expect: Expect
  /** What is expected of the added parts. */
  added(): v.InferOutput<typeof Added>
  rows: OracleRow[]
  /** Sequences of the batch and their padded length. */
  length: number
  /** Rows of each group, in order. */
  groups: { group: Group; rows: number[] }[]
  /** All tensors of a file below the folder by name, or undefined where the file is absent. */
  read(...file: string[]): Map<string, Float32Array> | undefined
}

/** Read a folder laid out as the reference numbers are. Throws HoneError for one that is not. */
export function openOracle(dir: string): Oracle {
  const at = join(dir, 'expect.json')
  if (!existsSync(at))
    throw new HoneError(`Cannot verify against ${dir}: it holds no expect.json`, {
      at: dir,
      hint: 'Give a folder with a model, batch.safetensors, forward.safetensors, grads.safetensors and expect.json.',
    })
  const { rows, length } = readBatch(join(dir, 'batch.safetensors'))
  const read = (...file: string[]) => {
    const path = join(dir, ...file)
    if (!existsSync(path)) return undefined
    const tensors = openSafetensors(path)
    const values = new Map([...tensors.entries.keys()].map((name) => [name, tensors.floats(name)]))
    tensors.close()
    return values
  }
  const groups = [...new Set(rows.map(({ group }) => group))].map((id) => {
    const members = rows.flatMap(({ group }, i) => (group === id ? [i] : []))
    const { ids, promptLength } = rows[members[0]!]!
    const completions = members.map((i) => rows[i]!.ids.slice(rows[i]!.promptLength))
    return { group: { prompt: ids.slice(0, promptLength), completions }, rows: members }
  })
  const added = () => readNumbers(join(dir, 'expect2.json'), Added)
  return { dir, expect: readNumbers(at, Expect), added, rows, length, groups, read }
}

function readBatch(path: string): { rows: OracleRow[]; length: number } {
  const file = openSafetensors(path)
  try {
    const [count = 0, length = 0] = file.entries.get('input_ids')?.shape ?? []
    const ids = file.integers('input_ids')
    const attention = file.integers('attention_mask')
    const completion = file.integers('completion_mask')
    const rewards = file.floats('reward')
    const groups = file.entries.get('group')?.type.startsWith('F') ? [...file.floats('group')] : file.integers('group')
    const old = file.floats('old_logprobs')
    const reference = file.floats('ref_logprobs')
    const rows = Array.from({ length: count }, (_, row) => {
      const from = row * length
      const size = attention.slice(from, from + length).reduce((sum, real) => sum + real, 0)
      const promptLength = completion.indexOf(1, from) - from
      // Log-probs lie at the position before their token.
      const tokens = (values: Float32Array) =>
        values.slice(row * (length - 1) + promptLength - 1, row * (length - 1) + size - 1)
      return {
        ids: ids.slice(from, from + size),
        promptLength,
        reward: rewards[row]!,
        group: groups[row]!,
        oldLogprobs: tokens(old),
        referenceLogprobs: tokens(reference),
      }
    })
    return { rows, length }
  } finally {
    file.close()
  }
}

function readNumbers<S extends v.GenericSchema>(at: string, schema: S): v.InferOutput<S> {
  const parsed = v.safeParse(schema, readJson(at))
  if (parsed.success) return parsed.output
  const issue = parsed.issues[0]
  throw new HoneError(`Cannot read the reference numbers: ${v.getDotPath(issue) ?? ''}: ${issue.message}`, { at })
}

function readJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch (cause) {
    throw new HoneError(`Cannot read ${path}: it is not JSON`, { at: path, cause })
  }
}
