// Checkpoints: everything a run needs to go on exactly, written beside, hashed, then renamed.
//
// Random numbers are functions of (seed, step, …) and rollouts are never carried from one step into the next, so step,
// position in the data, trained tensors and optimizer moments are the whole state.
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
} from 'node:fs'
import { join } from 'node:path'
import * as v from 'valibot'
import { HoneError } from '../../error.ts'
import type { PolicyState } from '../../gpu/policy/policy.ts'
import { allFinite } from '../../gpu/weights/number.ts'
import { openSafetensors, type Stored, writeSafetensors } from '../../gpu/weights/safetensors.ts'
import { stepName } from '../../rundir/paths.ts'
import type { Progress } from '../../rl/record.ts'
import { writeFileAtomic } from '../../text/jsonl.ts'

export interface Checkpoint extends Progress {
  policy: PolicyState
}

const StateFile = v.object({
  step: v.number(),
  position: v.number(),
  updates: v.number(),
  /** Of policy.safetensors. */
  sha256: v.string(),
})

/** Write a checkpoint under `root` and remove all but the `keep` newest. Returns its path. @throws HoneError where the disk refuses. */
export function saveCheckpoint(root: string, { step, position, policy }: Checkpoint, keep: number): string {
  const path = join(root, stepName(step))
  const beside = `${path}.tmp`
  try {
    mkdirSync(root, { recursive: true })
    // What a process that was killed left unfinished.
    for (const name of readdirSync(root)) if (name.endsWith('.tmp')) rmSync(join(root, name), { recursive: true })
    mkdirSync(beside)
    writeSafetensors(join(beside, TENSORS), policy.tensors.flatMap(storedTensors))
    const sha256 = hashOf(join(beside, TENSORS), true)
    const state = { step, position, updates: policy.updates, sha256 } satisfies v.InferOutput<typeof StateFile>
    writeFileAtomic(join(beside, STATE), `${JSON.stringify(state, null, 2)}\n`)
    rmSync(path, { recursive: true, force: true })
    renameSync(beside, path)
    for (const old of foldersOf(root).slice(0, -keep)) rmSync(join(root, old), { recursive: true, force: true })
  } catch (cause) {
    if (existsSync(beside)) rmSync(beside, { recursive: true, force: true })
    throw new HoneError(`Cannot write the checkpoint ${path}: ${reason(cause)}`, {
      at: path,
      hint: 'Make room on the disk, then resume the run: its earlier checkpoints are whole.',
      cause,
    })
  }
  return path
}

/**
 * The newest checkpoint under `root` that is whole, and the paths of newer ones that are not; undefined where none was ever
 * written. @throws HoneError where there are checkpoints but none is whole.
 */
export function latestCheckpoint(
  root: string,
): { checkpoint: Checkpoint; path: string; damaged: string[] } | undefined {
  const damaged: string[] = []
  for (const folder of foldersOf(root).reverse()) {
    const path = join(root, folder)
    const checkpoint = readCheckpoint(path)
    if (checkpoint) return { checkpoint, path, damaged }
    damaged.push(path)
  }
  if (damaged.length === 0) return undefined
  throw new HoneError(`Cannot read any checkpoint of the run: ${damaged.length} of ${damaged.length} are damaged`, {
    at: damaged[0],
    hint: 'Their files do not have the hash that state.json says, or hold weights that are no numbers; start the run again.',
  })
}

const TENSORS = 'policy.safetensors'
const STATE = 'state.json'
const FOLDER = /^step-\d+$/

function foldersOf(root: string): string[] {
  if (!existsSync(root)) return []
  return readdirSync(root)
    .filter((name) => FOLDER.test(name))
    .sort()
}

function readCheckpoint(path: string): Checkpoint | undefined {
  const state = readState(path)
  if (!state || hashOf(join(path, TENSORS)) !== state.sha256) return undefined
  const file = openSafetensors(join(path, TENSORS))
  try {
    const tensors = [...file.entries.values()]
      .filter(({ name }) => name.endsWith(VALUE))
      .map(({ name, shape }) => {
        const stem = name.slice(0, -VALUE.length)
        return {
          name: stem,
          shape,
          value: file.floats(name),
          moment1: file.floats(stem + MOMENT1),
          moment2: file.floats(stem + MOMENT2),
        }
      })
    // A checkpoint may be whole and of weights that are no numbers: nothing can go on from it.
    if (tensors.some((each) => ![each.value, each.moment1, each.moment2].every(allFinite))) return undefined
    return { step: state.step, position: state.position, policy: { updates: state.updates, tensors } }
  } finally {
    file.close()
  }
}

function readState(path: string): v.InferOutput<typeof StateFile> | undefined {
  try {
    const parsed = v.safeParse(StateFile, JSON.parse(readFileSync(join(path, STATE), 'utf8')))
    return parsed.success ? parsed.output : undefined
  } catch {
    return undefined
  }
}

const [VALUE, MOMENT1, MOMENT2] = ['#value', '#moment1', '#moment2']

function storedTensors({ name, shape, value, moment1, moment2 }: PolicyState['tensors'][number]): Stored[] {
  return [
    { name: name + VALUE, type: 'F32', shape, read: () => value },
    { name: name + MOMENT1, type: 'F32', shape, read: () => moment1 },
    { name: name + MOMENT2, type: 'F32', shape, read: () => moment2 },
  ]
}

/** SHA-256 of a file, empty where it cannot be read; `sync` brings it to the disk first. */
function hashOf(path: string, sync = false): string {
  if (!existsSync(path)) return ''
  const file = openSync(path, sync ? 'r+' : 'r')
  try {
    if (sync) fsyncSync(file)
    const hash = new Bun.CryptoHasher('sha256')
    const block = new Uint8Array(1 << 22)
    for (let at = 0, got = 0; (got = readSync(file, block, 0, block.length, at)) > 0; at += got)
      hash.update(block.subarray(0, got))
    return hash.digest('hex')
  } finally {
    closeSync(file)
  }
}

/** What the system said, from under the errors that pass it on. */
function reason(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause)
  return cause.cause === undefined ? cause.message : reason(cause.cause)
}
