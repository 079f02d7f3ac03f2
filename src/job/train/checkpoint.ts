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
import { basename, join } from 'node:path'
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
  /** Of the critic, where one learns beside the policy. */
  critic?: PolicyState
  /** Id of its run. */
  run: string
  /** Hashes, by name, of what its run was made from (see fingerprint.ts). */
  made: Record<string, string>
}

const Count = v.pipe(v.number(), v.safeInteger(), v.minValue(0))
const Scaling = v.object({ scale: v.number(), good: Count })
const State = v.object({
  step: Count,
  position: Count,
  tokens: Count,
  coefficients: v.exactOptional(
    v.object({ klCoefficient: v.exactOptional(v.number()), entropyCoefficient: v.exactOptional(v.number()) }),
  ),
  unevaluated: v.exactOptional(v.boolean()),
  updates: Count,
  scaling: v.exactOptional(Scaling),
  run: v.string(),
  made: v.record(v.string(), v.string()),
  /** Of policy.safetensors. */
  sha256: v.string(),
  /** Of critic.safetensors. */
  critic: v.exactOptional(v.object({ updates: Count, scaling: v.exactOptional(Scaling), sha256: v.string() })),
})
type State = v.InferOutput<typeof State>

/** state.json: the state with its own hash, so that no part of a checkpoint can change unnoticed. */
const StateFile = v.object({ state: State, sha256: v.string() })

/** Write a checkpoint under `root` and remove all but the `keep` newest and the one at `kept`. Returns its path. @throws HoneError where the disk refuses. */
export function saveCheckpoint(
  root: string,
  { policy, critic, ...rest }: Checkpoint,
  keep: number,
  kept?: string,
): string {
  const { step } = rest
  const path = join(root, stepName(step))
  const beside = `${path}.tmp`
  try {
    mkdirSync(root, { recursive: true })
    // What a process that was killed left unfinished.
    for (const name of readdirSync(root)) if (name.endsWith('.tmp')) rmSync(join(root, name), { recursive: true })
    mkdirSync(beside)
    const write = (name: string, { updates, scaling, tensors, reference = [] }: PolicyState) => {
      const kept = reference.map((each) => stored(each.name + REFERENCE, each.shape, () => each.value))
      writeSafetensors(join(beside, name), [...tensors.flatMap(storedTensors), ...kept])
      return { updates, ...(scaling && { scaling }), sha256: hashOf(join(beside, name), true) }
    }
    const state: State = { ...rest, ...write(TENSORS, policy), ...(critic && { critic: write(CRITIC, critic) }) }
    writeFileAtomic(join(beside, STATE), `${JSON.stringify({ state, sha256: hashOfState(state) }, null, 2)}\n`)
    rmSync(path, { recursive: true, force: true })
    renameSync(beside, path)
    const olds = foldersOf(root).slice(0, -keep)
    for (const old of olds.map((name) => join(root, name)))
      if (old !== kept) rmSync(old, { recursive: true, force: true })
  } catch (cause) {
    if (existsSync(beside)) rmSync(beside, { recursive: true, force: true })
    throw new HoneError(`Cannot write the checkpoint ${path}: ${reason(cause)}`, {
      at: path,
      hint: 'make room on the disk, then resume the run: its earlier checkpoints are whole',
      cause,
    })
  }
  return path
}

/**
 * The newest checkpoint under `root` of that run from which it can go on, and of newer ones why it cannot; undefined where
 * none was ever written. @throws HoneError where there are checkpoints but none to go on from.
 */
export function latestCheckpoint(
  root: string,
  run: string,
): { checkpoint: Checkpoint; path: string; passedOver: string[] } | undefined {
  const passedOver: string[] = []
  for (const folder of foldersOf(root).reverse()) {
    const path = join(root, folder)
    const checkpoint = readCheckpoint(path, run)
    if (typeof checkpoint === 'object') return { checkpoint, path, passedOver }
    passedOver.push(`checkpoint ${path} ${checkpoint}`)
  }
  if (passedOver.length === 0) return undefined
  throw new HoneError(`Cannot go on from any of ${passedOver.length} checkpoints: ${passedOver[0]}`, {
    at: root,
    hint: 'start the run again in another directory',
  })
}

const TENSORS = 'policy.safetensors'
const CRITIC = 'critic.safetensors'
const STATE = 'state.json'
const FOLDER = /^step-\d+$/

function foldersOf(root: string): string[] {
  if (!existsSync(root)) return []
  return readdirSync(root)
    .filter((name) => FOLDER.test(name))
    .sort()
}

/** The checkpoint in the folder, or why none can be gone on from. */
function readCheckpoint(path: string, run: string): Checkpoint | string {
  const state = readState(path)
  if (!state || stepName(state.step) !== basename(path)) return 'is damaged (state.json)'
  const { updates, scaling, sha256, critic, ...rest } = state
  const own = { name: TENSORS, updates, ...(scaling && { scaling }), sha256 }
  const files = [own, ...(critic ? [{ name: CRITIC, ...critic }] : [])]
  const damaged = files.find((file) => hashOf(join(path, file.name)) !== file.sha256)
  if (damaged) return `is damaged (${damaged.name})`
  if (state.run !== run) return 'is one of another run'
  const states = files.map(({ name, sha256: _, ...counts }): PolicyState => ({
    ...counts,
    ...readTensors(join(path, name)),
  }))
  const unsound = states
    .flatMap(({ tensors }) => tensors)
    .find((each) => ![each.value, each.moment1, each.moment2].every(allFinite))
  if (unsound) return `holds weights that are no numbers (${unsound.name})`
  return { ...rest, policy: states[0]!, ...(states[1] && { critic: states[1] }) }
}

function readTensors(path: string): Pick<PolicyState, 'tensors' | 'reference'> {
  const file = openSafetensors(path)
  try {
    const ending = (suffix: string) =>
      [...file.entries.values()]
        .filter(({ name }) => name.endsWith(suffix))
        .map(({ name, shape }) => ({ name: name.slice(0, -suffix.length), shape, value: file.floats(name) }))
    const tensors = ending(VALUE).map((each) => ({
      ...each,
      moment1: file.floats(each.name + MOMENT1),
      moment2: file.floats(each.name + MOMENT2),
    }))
    const reference = ending(REFERENCE)
    return { tensors, ...(reference.length > 0 && { reference }) }
  } finally {
    file.close()
  }
}

/** The state, where its hash is that of what it says. */
function readState(path: string): State | undefined {
  try {
    const { state, sha256 } = v.parse(StateFile, JSON.parse(readFileSync(join(path, STATE), 'utf8')))
    return hashOfState(state) === sha256 ? state : undefined
  } catch {
    return undefined
  }
}

const [VALUE, MOMENT1, MOMENT2, REFERENCE] = ['#value', '#moment1', '#moment2', '#reference']

function storedTensors(tensor: PolicyState['tensors'][number]): Stored[] {
  const { name, shape } = tensor
  return [
    stored(name + VALUE, shape, () => tensor.value),
    stored(name + MOMENT1, shape, () => tensor.moment1),
    stored(name + MOMENT2, shape, () => tensor.moment2),
  ]
}

const stored = (name: string, shape: readonly number[], read: () => Float32Array): Stored => ({
  name,
  type: 'F32',
  shape,
  read,
})

/** Fields in the order of the schema, however they came. */
const hashOfState = (state: State): string =>
  new Bun.CryptoHasher('sha256').update(JSON.stringify(v.parse(State, state))).digest('hex')

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
