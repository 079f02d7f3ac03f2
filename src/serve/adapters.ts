// Adapters that come and go while a server answers, in the requests that vLLM has for them.
import { HoneError } from '../error.ts'
import type { JsonObject } from '../text/json.ts'
import { nameIn } from './body.ts'
import type { Models } from './models.ts'
import { Refusal } from './refusal.ts'
import type { Served } from './served.ts'

/** Opens an adapter to be served under a name. @throws HoneError */
export type OpenAdapter = (name: string, folder: string) => Promise<Served>

/** What a request changes of the models. @throws Refusal */
type Change = (body: JsonObject, models: Models, open: OpenAdapter) => Promise<void> | void

export const CHANGES: Record<string, Change> = {
  async '/v1/load_lora_adapter'(body, models, open) {
    const [name, folder] = [nameIn(body, 'lora_name'), nameIn(body, 'lora_path')]
    if (!name || !folder) throw new Refusal(400, 'lora_name and lora_path are needed')
    const refuse = (error: unknown) => {
      throw error instanceof HoneError ? new Refusal(400, error.message, { param: 'lora_path' }) : error
    }
    const served = await open(name, folder).catch(refuse)
    try {
      models.put(served)
    } catch (error) {
      served.close()
      throw error
    }
  },
  '/v1/unload_lora_adapter'(body, models) {
    const name = nameIn(body, 'lora_name')
    if (!name) throw new Refusal(400, 'lora_name is needed')
    models.remove(name)
  },
}
