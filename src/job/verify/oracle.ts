// A folder of reference numbers as it lies: one batch, and what other trainers computed on it (see `verify`).
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as v from 'valibot'
import { HoneError } from '../../error.ts'
import type { Group } from '../../gpu/policy/policy.ts'
import { openSafetensors, type Safetensors } from '../../gpu/weights/safetensors.ts'

export const Metrics = v.object({
  loss: v.number(),
  pg_loss: v.number(),
  kl: v.number(),
  clipfrac: v.number(),
  ppo_kl: v.number(),
  entropy: v.number(),
  grad_norm: v.number(),
})
const Expect = v.object({
  step0: Metrics,
  step1: Metrics,
  step2: Metrics,
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
export type StepFigures = v.InferOutput<typeof Metrics>

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
  /** What is expected of an added part, by the schema of its figures. */
  added<S extends v.GenericSchema>(part: string, figures: S): v.InferOutput<S>
  /** Sequences of a file below the folder, padding removed, by what stands before `input_ids` there. */
  sequences(prefix: string, ...file: string[]): number[][]
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
      hint: 'give a folder with a model, batch.safetensors, forward.safetensors, grads.safetensors and expect.json',
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
  const added = <S extends v.GenericSchema>(part: string, figures: S) =>
    readNumbers(join(dir, 'expect2.json'), v.object({ [part]: figures }))[part]!
  const sequences = (prefix: string, ...file: string[]) => {
    const tensors = openSafetensors(join(dir, ...file))
    const found = readSequences(tensors, prefix)
    tensors.close()
    return found
  }
  return { dir, expect: readNumbers(at, Expect), added, rows, length, groups, read, sequences }
}

function readSequences(file: Safetensors, prefix: string): number[][] {
  const [count = 0, length = 0] = file.entries.get(`${prefix}input_ids`)?.shape ?? []
  const ids = file.integers(`${prefix}input_ids`)
  const real = file.integers(`${prefix}attention_mask`)
  return Array.from({ length: count }, (_, row) =>
    ids.slice(row * length, (row + 1) * length).filter((_, i) => real[row * length + i] === 1),
  )
}

function readBatch(path: string): { rows: OracleRow[]; length: number } {
  const file = openSafetensors(path)
  try {
    const [, length = 0] = file.entries.get('input_ids')?.shape ?? []
    const sequences = readSequences(file, '')
    const completion = file.integers('completion_mask')
    const rewards = file.floats('reward')
    const groups = file.entries.get('group')?.type.startsWith('F') ? [...file.floats('group')] : file.integers('group')
    const old = file.floats('old_logprobs')
    const reference = file.floats('ref_logprobs')
    const rows = sequences.map((ids, row) => {
      const promptLength = completion.indexOf(1, row * length) - row * length
      // Log-probs lie at the position before their token.
      const tokens = (values: Float32Array) =>
        values.slice(row * (length - 1) + promptLength - 1, row * (length - 1) + ids.length - 1)
      return {
        ids,
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
