// The weights of a Hugging Face model folder, read lazily from one file or many shards, and the folder written back.
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { basename, join } from 'node:path'
import * as v from 'valibot'
import { NAMED_TEMPLATES } from '../../dialogue/chat.ts'
import { didYouMean, EXIT, HoneError } from '../../error.ts'
import { writeFileAtomic } from '../../text/jsonl.ts'
import { type HeadKind, isScalarRole, type ModelConfig, type Parameter, parametersOf, type Role } from './family.ts'
import { makeFolder, readJson } from './folder.ts'
import { loadConfig } from './hf.ts'
import { normal } from '../../rng.ts'
import { classifierFiles } from './classifier.ts'
import { allFinite, type FloatType, isFloatType, storedType } from './number.ts'
import { type Safetensors, type Stored, openSafetensors, writeSafetensors } from './safetensors.ts'

export interface Weights {
  config: ModelConfig
  /** Every weight, in the order of the forward pass. */
  parameters: readonly Parameter[]
  /** Values of the tensor with that Hugging Face name, [out, in] row-major as stored, converted to float32. A fresh array. */
  read(name: string): Float32Array<ArrayBuffer>
  /** The type it is stored in. */
  storedType(name: string): FloatType
  close(): void
}

const Index = v.looseObject({ weight_map: v.record(v.string(), v.string()) })

/**
 * Open the weights of `dir` and check that every one the configuration asks for is there with its shape. Reads no values.
 * `fresh` makes those of a head that the folder does not have, by that seed.
 */
export function openWeights(dir: string, head: HeadKind = 'language', { fresh }: { fresh?: number } = {}): Weights {
  const config = loadConfig(dir, head, { fresh: fresh !== undefined })
  const { fileOf, count, close } = openShards(dir)
  try {
    // Told at once, before a configuration without measure is spelt out into names.
    if (config.layers > count)
      throw new HoneError(
        `Cannot read the model: config.json asks for ${config.layers} layers, the weights hold ${count} tensors`,
        { at: join(dir, 'config.json') },
      )
    const parameters = parametersOf(config)
    const made = new Map(
      parameters
        .filter(({ role, name }) => fresh !== undefined && isScalarRole(role) && !fileOf(name)?.entries.has(name))
        .map(({ name, role, shape }) => [name, initial(role, shape, fresh!)]),
    )
    const stored = new Map(
      parameters
        .filter(({ name }) => !made.has(name))
        .map((parameter) => [parameter.name, check(dir, parameter, fileOf)]),
    )
    const find = (name: string) => {
      const found = stored.get(name)
      if (!found) throw new HoneError(`Cannot read the model: it has no weight '${name}'`, { at: dir })
      return found
    }
    return {
      config,
      parameters,
      read: (name) => made.get(name)?.slice() ?? finite(find(name).file, name),
      storedType: (name) => (made.has(name) ? 'F32' : find(name).type),
      close,
    }
  } catch (error) {
    close()
    throw error
  }
}

/** Where the weights of a model come from, and what else of it lies in a folder. */
export interface ModelSource {
  from: string
  config: ModelConfig
  read: (parameter: Parameter) => Float32Array
}

/**
 * Write a model folder: the weights that `read` gives, and config, tokenizer and template files as they lie in `from`, but for
 * the type of the weights and the head in the configuration. Throws HoneError where the folder cannot be written, or a value does not fit.
 */
export function saveModel(
  dir: string,
  {
    from,
    config,
    read,
    type,
    shardBytes = Infinity,
  }: ModelSource & { type: FloatType; shardBytes?: number | undefined },
): void {
  makeFolder(dir)
  const templates = join(from, NAMED_TEMPLATES)
  const named = existsSync(templates) ? readdirSync(templates).map((name) => join(NAMED_TEMPLATES, name)) : []
  if (named.length > 0) makeFolder(join(dir, NAMED_TEMPLATES))
  const changed = classifierFiles(from, config)
  for (const name of [...readdirSync(from), ...named])
    if (kept(name)) {
      const text = Object.hasOwn(changed, name)
        ? `${JSON.stringify(changed[name], null, 2)}\n`
        : readFileSync(join(from, name), 'utf8')
      writeFileAtomic(join(dir, name), name === 'config.json' ? withType(text, type) : text)
    }
  const tensors = parametersOf(config).map((parameter) => ({
    name: parameter.name,
    type,
    shape: parameter.shape,
    read: () => fitting(read(parameter), parameter.name, type),
  }))
  const shards = shardsOf(tensors, shardBytes)
  if (shards.length === 1) return writeSafetensors(join(dir, 'model.safetensors'), tensors)
  const names = shards.map((_, i) => `model-${fiveDigits(i + 1)}-of-${fiveDigits(shards.length)}.safetensors`)
  shards.forEach((shard, i) => writeSafetensors(join(dir, names[i]!), shard))
  const index = {
    metadata: { total_size: tensors.reduce((sum, each) => sum + bytesOf(each), 0) },
    weight_map: Object.fromEntries(shards.flatMap((shard, i) => shard.map(({ name }) => [name, names[i]!]))),
  }
  writeFileAtomic(join(dir, INDEX), `${JSON.stringify(index, null, 2)}\n`)
}

/** Names the file of each tensor of a model in several. */
const INDEX = 'model.safetensors.index.json'
const fiveDigits = (value: number): string => String(value).padStart(5, '0')
const bytesOf = ({ type, shape }: Stored): number => shape.reduce((a, b) => a * b, 1) * storedType(type).width

/** Tensors in order, as many in a file as fit; one that is larger has a file of its own. */
function shardsOf(tensors: readonly Stored[], most: number): Stored[][] {
  const shards: Stored[][] = []
  let room = 0
  for (const tensor of tensors) {
    const bytes = bytesOf(tensor)
    if (shards.length === 0 || bytes > room) {
      shards.push([])
      room = most
    }
    shards.at(-1)!.push(tensor)
    room -= bytes
  }
  return shards
}

/** What other programs call a type, and from where on its values would be infinite. */
const types = {
  F32: { name: 'float32', end: Infinity },
  F16: { name: 'float16', end: 65_520 },
  BF16: { name: 'bfloat16', end: 2 ** 127 * (2 - 2 ** -8) },
} satisfies Record<FloatType, { name: string; end: number }>

/** config.json with the type under the name that it has there: others load weights as it says, whatever they are stored as. */
function withType(text: string, type: FloatType): string {
  const config = JSON.parse(text) as Record<string, unknown>
  const key = 'dtype' in config ? 'dtype' : 'torch_dtype'
  const { name } = types[type]
  return config[key] === name ? text : `${JSON.stringify({ ...config, [key]: name }, null, 2)}\n`
}

/** @throws HoneError where a value has no finite one beside it in that type. */
export function fitting(values: Float32Array, tensor: string, type: FloatType): Float32Array {
  const { name, end } = types[type]
  if (type === 'F32' ? allFinite(values) : values.every((value) => Math.abs(value) < end)) return values
  throw new HoneError(`Cannot write the model: tensor '${tensor}' holds values that are not finite as ${name}`, {
    exit: EXIT.no,
    ...(type !== 'F32' && { hint: 'write it with --dtype f32' }),
  })
}

/** The values of a tensor. @throws HoneError where one is NaN or infinite: nothing computed with it would be a number. */
export function finite(file: Safetensors, name: string): Float32Array<ArrayBuffer> {
  const values = file.floats(name)
  if (allFinite(values)) return values
  throw new HoneError(`Cannot read the model: tensor '${name}' holds values that are not finite`, { at: file.path })
}

/** As transformers begins a head: normal with deviation 0.02, its bias at zero. */
function initial(role: Role, shape: readonly number[], seed: number): Float32Array<ArrayBuffer> {
  const count = shape.reduce((product, size) => product * size, 1)
  return Float32Array.from({ length: count }, (_, i) => (role === 'scoreBias' ? 0 : 0.02 * normal(seed, i)))
}

function openShards(dir: string): {
  fileOf: (tensor: string) => Safetensors | undefined
  /** Tensors in all files. */
  count: number
  close: () => void
} {
  const single = join(dir, 'model.safetensors')
  const at = join(dir, INDEX)
  if (existsSync(single) || !existsSync(at)) {
    if (!existsSync(single))
      throw new HoneError(`Cannot read the model: the folder holds no model.safetensors`, {
        at: dir,
        hint: 'hone reads safetensors, in one file or in shards with model.safetensors.index.json',
      })
    const file = openSafetensors(single)
    return { fileOf: () => file, count: file.entries.size, close: file.close }
  }
  const index = v.safeParse(Index, readJson(at))
  if (!index.success) throw new HoneError('Cannot read the model: the index holds no weight_map', { at })
  const map = new Map(Object.entries(index.output.weight_map))
  const files = new Map<string, Safetensors>()
  const close = () => files.forEach((file) => file.close())
  try {
    for (const shard of new Set(map.values())) {
      if (basename(shard) !== shard)
        throw new HoneError(`Cannot read the model: the index names '${shard}', outside its folder`, { at })
      files.set(shard, openSafetensors(join(dir, shard)))
    }
  } catch (error) {
    close()
    throw error
  }
  const count = [...files.values()].reduce((sum, { entries }) => sum + entries.size, 0)
  return { fileOf: (tensor) => files.get(map.get(tensor) ?? ''), count, close }
}

function check(
  dir: string,
  { name, shape }: Parameter,
  fileOf: (tensor: string) => Safetensors | undefined,
): { file: Safetensors; type: FloatType } {
  const file = fileOf(name)
  const entry = file?.entries.get(name)
  if (!file || !entry) {
    throw new HoneError(`Cannot read the model: tensor '${name}' is missing`, {
      at: file?.path ?? dir,
      hint: (file && didYouMean(name, file.entries.keys())) ?? 'config.json and the weights must be of one model',
    })
  }
  if (entry.shape.join() !== shape.join()) {
    throw new HoneError(
      `Cannot read the model: tensor '${name}' has shape [${entry.shape.join(', ')}], config.json asks for [${shape.join(', ')}]`,
      { at: file.path },
    )
  }
  if (!isFloatType(entry.type))
    throw new HoneError(`Cannot read the model: tensor '${name}' is ${entry.type}; hone reads F32, F16 and BF16`, {
      at: file.path,
    })
  return { file, type: entry.type }
}

/** Everything beside the weights that a model folder needs: configuration, tokenizer, template, licence. */
function kept(name: string): boolean {
  return /\.(json|jinja|model|txt|md)$/.test(name) && name !== INDEX && !name.startsWith('adapter_')
}
