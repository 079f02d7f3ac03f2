// Flags that several commands take.
import * as v from 'valibot'
import { callFormats, type FormatName } from '../dialogue/call.ts'
import { RETRIES, TIMEOUT } from '../dialogue/endpoint/post.ts'
import { constraints } from '../dialogue/grammar/frame.ts'
import { promptForms } from '../dialogue/prompt.ts'
import { modes } from '../reward/reward.ts'
import { families } from '../reward/table.ts'
import { atLeast, count, file, formed, named, names, otherwise, say, temperature, text } from '../text/setting.ts'

/** A reward's text: a name of the table with what may stand behind it, or a file. */
export const rewardName = () => named(families, 'REWARD')
export const mode = say(
  v.optional(v.picklist(modes), 'compat'),
  'the reward as the published code, or as its paper says',
)
/** A prompt form, or a file that is one. */
export const formName = () => named(promptForms, 'FORM')
export const parserName = () => names<FormatName>(callFormats)
export const constrain = say(
  v.optional(v.picklist(constraints), 'none'),
  'what answers are held to: valid calls of the tools wherever a call begins, or the whole frame of the format',
)
export const output = say(file(), 'file of the rows; - is standard output', 'o')
/** Of a command that writes rows. */
export const rowsFormat = say(
  otherwise(v.picklist(['text', 'ndjson']), 'text on a terminal, else ndjson'),
  'format of the output: text is a table of the first rows',
)

/** How answers are sampled. */
export const sampling = (usual: number) => ({
  temperature: say(v.optional(temperature(true), usual), 'of sampling; 0 takes the most likely token'),
  seed: say(v.optional(count(0), 0), 'of sampling'),
})

const isAddress = (text: unknown): text is string =>
  typeof text === 'string' && /^https?:$/.test(URL.parse(text)?.protocol ?? '')

/** A model behind an address. */
export const endpointFlags = {
  endpoint: say(
    v.optional(formed(isAddress, { hint: 'URL' }, 'a URL that begins with http:// or https://')),
    'OpenAI-compatible endpoint to ask (key from OPENAI_API_KEY); OPENAI_BASE_URL where nothing else is to be asked',
  ),
  apiModel: say(v.optional(text('NAME')), 'name of the model at the endpoint'),
  concurrency: say(v.optional(count(), 8), 'requests under way at once'),
  timeout: say(v.optional(atLeast(0.001), TIMEOUT / 1000), 'seconds that the endpoint has for an answer'),
  retries: say(
    v.optional(count(0), RETRIES),
    'times that a request is asked again for what may pass: 429, 5xx, no answer',
  ),
}
