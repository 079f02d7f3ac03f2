// LoRA adapters as PEFT keeps them: adapter_config.json and adapter_model.safetensors, in and out.
import { join, resolve } from 'node:path'
import * as v from 'valibot'
import { HoneError } from '../../error.ts'
import { writeFileAtomic } from '../../text/jsonl.ts'
import { type ModelConfig, type Parameter, adaptable, families, parametersOf } from './family.ts'
import { makeFolder, readJson } from './folder.ts'
import { hubName } from './hub.ts'
import { type Safetensors, type Stored, openSafetensors, writeSafetensors } from './safetensors.ts'
import { finite } from './weights.ts'

/** W' = W + scale · B·A for every adapted matrix W [out, in]. */
export interface Adapter {
  rank: number
  alpha: number
  /** alpha / rank, or alpha / √rank where the file says use_rslora. */
  scale: number
  /** By the Hugging Face name of W. */
  pairs: ReadonlyMap<string, LowRank>
  /** Weights that were trained as they are, a scalar head's: PEFT's modules_to_save. */
  whole?: ReadonlyMap<string, Float32Array>
}

export interface LowRank {
  /** [rank, in] */
  a: Float32Array
  /** [out, rank] */
  b: Float32Array
}

const PREFIX = 'base_model.model.'

const AdapterJson = v.looseObject({
  peft_type: v.literal('LORA', 'peft_type is not LORA'),
  r: v.pipe(v.number(), v.integer(), v.minValue(1)),
  lora_alpha: v.pipe(v.number(), v.minValue(-1e30), v.maxValue(1e30)),
  use_rslora: v.optional(v.boolean(), false),
  use_dora: v.optional(v.literal(false, 'use_dora is not supported'), false),
  fan_in_fan_out: v.optional(v.literal(false, 'fan_in_fan_out is not supported'), false),
  bias: v.optional(v.literal('none', 'trained biases are not supported'), 'none'),
  modules_to_save: v.nullish(v.pipe(v.array(v.string()), v.maxLength(0, 'modules_to_save is not supported'))),
  rank_pattern: v.nullish(v.strictObject({}, 'rank_pattern is not supported')),
  alpha_pattern: v.nullish(v.strictObject({}, 'alpha_pattern is not supported')),
})

/** Parameters of the model that can carry an adapter, in the order of the forward pass. */
export function adaptableParameters(config: ModelConfig): Parameter[] {
  return parametersOf(config).filter(({ role }) => adaptable.some((one) => one === role))
}

/** Names of the pair of one matrix as PEFT's own state holds them, without the `base_model.model.` of the file. */
export function pairNames(weight: string): { a: string; b: string } {
  const module = weight.replace(/\.weight$/, '')
  return { a: `${module}.lora_A.weight`, b: `${module}.lora_B.weight` }
}

/** Read the adapter in `dir` for a model of that configuration. Throws HoneError for one that does not fit it. */
export function loadAdapter(dir: string, config: ModelConfig): Adapter {
  const at = join(dir, 'adapter_config.json')
  const parsed = v.safeParse(AdapterJson, readJson(at))
  if (!parsed.success) {
    const issue = parsed.issues[0]
    throw new HoneError(`Cannot read the adapter: ${v.getDotPath(issue) ?? 'adapter_config.json'}: ${issue.message}`, {
      at,
    })
  }
  const { r: rank, lora_alpha: alpha, use_rslora } = parsed.output
  const file = openSafetensors(join(dir, 'adapter_model.safetensors'))
  try {
    const left = new Set(file.entries.keys())
    const pairs = new Map<string, LowRank>()
    for (const { name, shape } of adaptableParameters(config)) {
      const names = pairNames(name)
      if (!left.has(PREFIX + names.a) && !left.has(PREFIX + names.b)) continue
      const [out = 0, input = 0] = shape
      pairs.set(name, { a: take(file, left, names.a, [rank, input]), b: take(file, left, names.b, [out, rank]) })
    }
    const [strange] = left
    if (strange !== undefined)
      throw new HoneError(`Cannot read the adapter: tensor '${strange}' belongs to no matrix of the model`, {
        at: file.path,
        hint: `the adapter must have been trained on this model, on projections among ${adaptable.join(', ')}`,
      })
    if (pairs.size === 0) throw new HoneError('Cannot read the adapter: it adapts nothing', { at: file.path })
    return { rank, alpha, scale: alpha / (use_rslora ? Math.sqrt(rank) : rank), pairs }
  } finally {
    file.close()
  }
}

/** Write the adapter so that PEFT, and `loadAdapter`, read it. `base` names the model it belongs to. */
export function saveAdapter(
  dir: string,
  adapter: Adapter,
  { config, base }: { config: ModelConfig; base: string },
): void {
  makeFolder(dir)
  const { names } = families[config.family]!
  const adapted = adaptableParameters(config).filter(({ name }) => adapter.pairs.has(name))
  const modules = adaptable.filter((role) => adapted.some((parameter) => parameter.role === role))
  const tensors = adapted.flatMap(({ name, shape }): Stored[] => {
    const { a, b } = adapter.pairs.get(name)!
    const [out = 0, input = 0] = shape
    const { a: nameA, b: nameB } = pairNames(name)
    return [
      { name: PREFIX + nameA, type: 'F32', shape: [adapter.rank, input], read: () => a },
      { name: PREFIX + nameB, type: 'F32', shape: [out, adapter.rank], read: () => b },
    ]
  })
  const whole = parametersOf(config).filter(({ name }) => adapter.whole?.has(name))
  for (const { name, shape } of whole)
    tensors.push({ name: PREFIX + name, type: 'F32', shape, read: () => adapter.whole!.get(name)! })
  const hub = hubName(base)
  const useRslora = adapter.scale !== adapter.alpha / adapter.rank
  const json = {
    peft_type: 'LORA',
    task_type: config.head === 'language' ? 'CAUSAL_LM' : 'SEQ_CLS',
    base_model_name_or_path: hub?.id ?? resolve(base),
    ...(hub && { revision: hub.commit }),
    r: adapter.rank,
    lora_alpha: adapter.alpha,
    lora_dropout: 0,
    use_rslora: useRslora,
    bias: 'none',
    fan_in_fan_out: false,
    inference_mode: true,
    ...(whole.length > 0 && { modules_to_save: [...new Set(whole.map(({ name }) => name.split('.')[0]))] }),
    target_modules: modules.map((role) => names[role].split('.').at(-2)),
  }
  writeSafetensors(join(dir, 'adapter_model.safetensors'), tensors)
  writeFileAtomic(join(dir, 'adapter_config.json'), JSON.stringify(json, null, 2) + '\n')
}

function take(file: Safetensors, left: Set<string>, name: string, shape: readonly number[]): Float32Array {
  const stored = PREFIX + name
  const entry = file.entries.get(stored)
  if (!entry) throw new HoneError(`Cannot read the adapter: tensor '${stored}' is missing`, { at: file.path })
  if (entry.shape.join() !== shape.join())
    throw new HoneError(
      `Cannot read the adapter: tensor '${stored}' has shape [${entry.shape.join(', ')}], the model asks for [${shape.join(', ')}]`,
      { at: file.path },
    )
  left.delete(stored)
  return finite(file, stored)
}
