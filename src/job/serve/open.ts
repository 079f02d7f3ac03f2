// Models opened to be served: one by its folder, and beside it the same with each adapter, under a name of its own.
import { basename, resolve } from 'node:path'
import { findFormat, type FormatName } from '../../dialogue/call.ts'
import { HoneError } from '../../error.ts'
import { openDevice } from '../../gpu/device/open.ts'
import type { DeviceSpec } from '../../gpu/device/spec.ts'
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
  prompt: string
  parser?: FormatName | undefined
  maxModelLen?: number | undefined
  maxNewTokens?: number | undefined
}

/** Each holds weights of its own. @throws HoneError for a folder, adapter or device that hone cannot run. */
export async function openServed(place: Place): Promise<Served[]> {
  const { model: path, base, prompt, maxModelLen = Infinity } = place
  const { model, adapter } = modelFolder(path, place.own, base)
  const named = namesOf(place)
  const language = await openLanguage({ model, prompt })
  const device = await openDevice(place.device)
  const context = Math.min(language.positions, maxModelLen)
  const shared = {
    tokenizer: language.tokenizer,
    form: language.form,
    format: findFormat(place.parser ?? trainedFormat(path) ?? language.format),
    vocabulary: language.config.vocabulary,
    context,
    usualTokens: Math.min(place.maxNewTokens ?? usualLength(context), context),
  }
  return [...named].map(([name, folder]) => ({
    ...shared,
    name,
    aliases: folder === undefined ? [path] : [],
    session: openModel(device, model, { adapter: folder ?? adapter }).open(),
  }))
}

/** Name → adapter folder, undefined for the model itself, which is first. @throws HoneError for a name that is none or stands twice. */
function namesOf({ model, name = basename(resolve(model)), adapters }: Place): Map<string, string | undefined> {
  const named = new Map<string, string | undefined>([[name, undefined]])
  for (const adapter of adapters) {
    const [, own, folder] = /^([^=]+)=(.+)$/s.exec(adapter) ?? []
    if (own === undefined || folder === undefined)
      throw new HoneError(`Cannot serve the adapter "${adapter}": it has no name`, { hint: 'write --adapter NAME=DIR' })
    if (named.has(own)) throw new HoneError(`Cannot serve two models as "${own}"`, { hint: 'choose another name' })
    named.set(own, modelFolder(folder).adapter ?? folder)
  }
  return named
}
