// Settings of sampling: how much, by which law, held to what, and where.
import * as v from 'valibot'
import { constraints } from '../dialogue/grammar/frame.ts'
import { protocols } from '../dialogue/endpoint/token-protocol.ts'
import { drafts } from '../gpu/policy/session.ts'
import { begins, count, folder, names, orNone, positive, say, share, temperature, text } from '../text/setting.ts'

export const samplingSettings = {
  maxPromptLength: begins(
    'Sampling',
    say(v.optional(v.nullable(count()), 4096), 'tokens; longer prompts are left out. none = what the model allows'),
  ),
  maxCompletionLength: say(v.optional(count(), 8192), 'tokens', 'max_response_length', 'max_new_tokens'),
  rolloutTokens: say(
    v.optional(count(), 65_536),
    'most tokens, completions at full length, whose keys and values are held at once',
  ),
  drafts: say(
    v.optional(v.picklist(drafts), 'auto'),
    'guess tokens from the prompt and from the last answer to it where that saves time; what is sampled is the same',
  ),
  maskTruncated: say(
    v.optional(v.boolean(), false),
    'completions cut at the limit carry no loss',
    'mask_truncated_completions',
  ),
  temperature: say(v.optional(temperature(), 0.7), 'of sampling and of all log-probs'),
  topK: say(v.optional(count(0), 0), 'sample among the k most likely tokens; 0 = all'),
  topP: say(v.optional(v.pipe(share(), v.gtValue(0)), 1), 'sample among the smallest set of this probability'),
  minP: say(v.optional(share(), 0), 'drop tokens below this share of the most likely one'),
  repetitionPenalty: say(v.optional(positive(), 1), 'divides the logits of tokens already seen'),
  stop: say(v.optional(v.array(v.string()), []), 'strings that end a completion', 'stop_strings'),
  constrain: say(
    v.optional(v.picklist(constraints), 'none'),
    'what rollouts and their log-probs are held to: valid calls of the tools, or the whole frame of the format; held-out answers stay free',
  ),
  oldLogprobs: say(
    v.optional(v.picklist(['auto', 'sampled', 'computed']), 'auto'),
    'log-probs below the ratio: as sampled, or by a forward pass; auto = computed where the sampler cuts the distribution, and beside an environment',
  ),
  rolloutServer: say(
    orNone(text('URL'), 'none'),
    'server that samples rollouts in place of this process and is given the adapter after every step',
    'vllm_server_base_url',
  ),
  rolloutProtocol: say(v.optional(names(protocols), 'vllm'), 'how that server is asked'),
  rolloutAdapters: say(
    orNone(folder(), 'a temporary folder'),
    'folder for the adapters that it is given; it must find them there under the same path',
  ),
  rolloutRequests: say(v.optional(count(), 128), 'requests to it under way at once'),
}
