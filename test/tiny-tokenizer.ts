// A tokenizer of single bytes and three merges, with GPT-2's byte alphabet and split, for tests that need one and no model.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Id of the token <end>, which ends a turn. */
export const END = 259

/** ChatML-like template that renders tools as one JSON object per line. */
export const TINY_TEMPLATE = String.raw`
{%- if tools %}{{ 'tools:\n' }}{% for tool in tools %}{{ (tool | tojson) + '\n' }}{% endfor %}{% endif %}
{%- for message in messages %}{{ message.role + ': ' + message.content }}
  {%- for call in message.tool_calls or [] %}<call>{{ call.function | tojson }}</call>{% endfor %}{{ '<end>\n' }}
{%- endfor %}
{%- if add_generation_prompt %}{{ 'assistant: ' }}{% endif %}`

/** The same, but for thoughts before the last thing that a user says, which are left out as Qwen3's template leaves them out. */
export const FORGETTING_TEMPLATE = TINY_TEMPLATE.replace(
  '{%- for message in messages %}',
  "{%- set ns = namespace(last=-1) %}{%- for message in messages %}{%- if message.role == 'user' %}{%- set ns.last = loop.index0 %}{%- endif %}{%- endfor %}{%- for message in messages %}",
).replace(
  'message.content }}',
  "(message.content.split('</think>')[-1].lstrip() if message.role == 'assistant' and loop.index0 < ns.last else message.content) }}",
)

const isPrintable = (byte: number) => (byte > 32 && byte < 127) || (byte > 160 && byte !== 173)
let hidden = 256
/** GPT-2's letter of each byte. */
export const byteLetters = Array.from({ length: 256 }, (_, byte) =>
  String.fromCharCode(isPrintable(byte) ? byte : hidden++),
)

/** Write the tokenizer's files into `dir`; `files` replaces or adds some. Returns `dir`. */
export function writeTinyTokenizer(dir: string, files: Record<string, unknown> = {}): string {
  const merges = ['Ċ Ċ', "' s", 'Ġ Ġ']
  const tokens = [...byteLetters, ...merges.map((pair) => pair.replace(' ', ''))]
  const end = { content: '<end>', single_word: false, lstrip: false, rstrip: false, normalized: false, special: true }
  return writeFolder(dir, {
    'tokenizer.json': {
      added_tokens: [{ id: END, ...end }],
      normalizer: null,
      pre_tokenizer: { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true },
      post_processor: null,
      decoder: { type: 'ByteLevel' },
      model: { type: 'BPE', vocab: Object.fromEntries(tokens.map((token, id) => [token, id])), merges },
    },
    'tokenizer_config.json': { eos_token: '<end>' },
    ...files,
  })
}

/** Write files, objects as JSON, into `dir`. Returns `dir`. */
export function writeFolder(dir: string, files: Record<string, unknown>): string {
  mkdirSync(dir, { recursive: true })
  for (const [name, content] of Object.entries(files))
    writeFileSync(join(dir, name), typeof content === 'string' ? content : JSON.stringify(content))
  return dir
}
