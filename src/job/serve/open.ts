// Models opened to be served: one by its folder, and beside it the same with each adapter, under a name of its own.
import { basename, resolve } from 'node:path'
import { findFormat, type FormatName } from '../../dialogue/call.ts'
import { constrainer, type Constrainer } from '../../dialogue/constrain.ts'
import type { Constrained } from '../../dialogue/grammar/frame.ts'
import { HoneError } from '../../error.ts'
import { openDevice } from '../../gpu/device/open.ts'
import type { DeviceSpec } from '../../gpu/device/spec.ts'
import { parameterCount } from '../../gpu/policy/memory.ts'
import type { DTypeSpec } from '../../gpu/device/precision.ts'
import { dtypes } from '../../gpu/graph/tensor.ts'
import { tokenBytes } from '../../gpu/policy/lanes.ts'
import { openModel } from '../../gpu/policy/model.ts'
import type { Served } from '../../serve/served.ts'
import { usualLength } from '../answer/model.ts'
import { modelFolder, trainedFormat } from '../model-folder.ts'
import { openLanguage } from '../open.ts'

export interface Place {
  /** A folder, or a finished run. */
  model: string
  /** NAME=DIR, PEFT adapter folders or finished runs. */
  adapters: readonly string[]
  /** An adapter that the model itself has. */
  own?: string | undefined
  base?: string | undefined
  name?: string | undefined
  device: DeviceSpec
  dtype?: DTypeSpec | undefined
  prompt: string
  parser?: FormatName | undefined
  maxModelLen?: number | undefined
  maxNewTokens?: number | undefined
  /** Tokens whose keys and values each model holds at most. */
  cacheTokens?: number | undefined
  constrain?: 'none' | Constrained
}

export interface Opened {
  first: Served
  others: Served[]
  /** One more, with that adapter. @throws HoneError */
  openAdapter(name: string, folder: string): Promise<Served>
  /** Bytes that each holds, whatever the others hold: its weights, and keys and values at most. */
  weights: number
  cache: number
}

/** @throws HoneError for a folder, adapter or device that hone cannot run. */
export async function openServed(place: Place): Promise<Opened> {
  const { model: path, base, prompt, maxModelLen = Infinity } = place
  const { model, adapter } = modelFolder(path, place.own, base)
  const [name, ...named] = namesOf(place)
  const language = await openLanguage({ model, prompt })
  const device = await openDevice(place.device, place)
  const context = Math.min(language.positions, maxModelLen)
  let held: Constrainer | undefined
  const shared = {
    tokenizer: language.tokenizer,
    form: language.form,
    format: findFormat(place.parser ?? trainedFormat(path) ?? language.format),
    vocabulary: language.config.vocabulary,
    context,
    constrain: place.constrain ?? 'none',
    constrainer: () => (held ??= constrainer(language.tokenizer, language.config.vocabulary)),
    usualTokens: Math.min(place.maxNewTokens ?? usualLength(context), context),
  }
  const open = (name: string, aliases: string[], folder: string | undefined): Served => {
    const policy = openModel(device, model, { adapter: folder })
    const session = policy.open({ budget: place.cacheTokens })
    const close = () => {
      session.close()
      policy.free()
    }
    return { ...shared, name, aliases, session, close }
  }
  const first = open(name![0], [path], adapter)
  return {
    first,
    others: named.map(([name, folder]) => open(name, [], folder)),
    openAdapter: async (name, folder) => open(name, [], adapterIn(folder)),
    weights: dtypes[device.precision.weights].bytes * parameterCount(language.config),
    cache:
      first.session.budget *
      tokenBytes({ config: language.config, precision: device.precision, portions: device.portions }),
  }
}

/** What a finished run trained, where it is named in place of a folder. */
const adapterIn = (folder: string): string => modelFolder(folder).adapter ?? folder

/** Name → adapter folder, undefined for the model itself, which is first. @throws HoneError for a name that is none or stands twice. */
function namesOf({ model, name = basename(resolve(model)), adapters }: Place): [string, string | undefined][] {
  const named = new Map<string, string | undefined>([[name, undefined]])
  for (const adapter of adapters) {
    const [, own, folder] = /^([^=]+)=(.+)$/s.exec(adapter) ?? []
    if (own === undefined || folder === undefined)
      throw new HoneError(`Cannot serve the adapter "${adapter}": it has no name`, { hint: 'write --adapter NAME=DIR' })
    if (named.has(own)) throw new HoneError(`Cannot serve two models as "${own}"`, { hint: 'choose another name' })
    named.set(own, adapterIn(folder))
  }
  return [...named]
}
