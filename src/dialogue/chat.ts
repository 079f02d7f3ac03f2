// The tokenizer and chat template of a model folder: messages and tools → text → ids, and back.
import { existsSync, readdirSync } from 'node:fs'
import { basename, join } from 'node:path'
import type { PreTrainedTokenizer } from '@huggingface/transformers'
import * as v from 'valibot'
import { HoneError } from '../error.ts'
import { piecesOf, type Pieces } from './pieces.ts'
import { readWhole } from '../text/whole.ts'
import { requireModest } from './growth.ts'
import { compileTemplate, type Template } from './jinja.ts'
import { strftime } from './strftime.ts'
import { loadTransformers } from './transformers.ts'

/** What a chat template is given: `content` and whatever else it reads, such as `tool_calls`. */
export interface ChatMessage {
  role: string
  content: string
  [field: string]: unknown
}

export interface TemplateOptions {
  /** Tools as the template expects them, usually {type: 'function', function: {name, description, parameters}}. */
  tools?: readonly object[] | undefined
  /** End with the opening of an assistant turn. */
  addGenerationPrompt?: boolean
  /** A template in place of the model's own. */
  chatTemplate?: string
  /** The day and hour that a template is told of; now unless given. */
  date?: Date | undefined
  /** Further variables of the template, such as enable_thinking. */
  variables?: Record<string, unknown>
}

export interface Tokenizer {
  /** Ids of the text as it stands: nothing is added, and special tokens spelt in it are those tokens. */
  encode(text: string): number[]
  decode(ids: readonly number[], options?: { skipSpecial?: boolean }): string
  /** One more than the largest id. */
  vocabularySize: number
  /** The bytes that tokens stand for; undefined where they are no stretches of bytes. */
  pieces?(): Pieces | undefined
  idOf(token: string): number | undefined
  /** The messages as text. Throws HoneError where the folder has no template or the template refuses them. */
  template(messages: readonly ChatMessage[], options?: TemplateOptions): string
  /** Ids that end an answer: those of generation_config.json or config.json, of the tokenizer, and `endId`. */
  eosIds: number[]
  /** With what a taught answer ends: the token with which the chat template closes the model's turn, else the first of `eosIds`. */
  endId?: number | undefined
}

const Id = v.pipe(v.number(), v.integer(), v.minValue(0))
const Ids = v.optional(
  v.nullable(
    v.union([
      v.array(Id),
      v.pipe(
        Id,
        v.transform((id) => [id]),
      ),
    ]),
  ),
)
const EosFile = v.looseObject({ eos_token_id: Ids })
const TokenizerFile = v.looseObject({
  model: v.looseObject({ type: v.string() }),
  added_tokens: v.optional(v.array(v.looseObject({ id: Id, content: v.string() })), []),
})
const ByteLevel = v.looseObject({
  type: v.literal('ByteLevel'),
  use_regex: v.optional(v.literal(true), true),
  add_prefix_space: v.literal(false),
})
const Sequence = v.looseObject({ type: v.literal('Sequence'), pretokenizers: v.array(v.unknown()) })
const TokenText = v.union([
  v.string(),
  v.pipe(
    v.looseObject({ content: v.string() }),
    v.transform(({ content }) => content),
  ),
])
const SPECIALS = ['bos_token', 'eos_token', 'unk_token', 'sep_token', 'pad_token', 'cls_token', 'mask_token']
const SettingsFile = v.looseObject({
  chat_template: v.nullish(v.union([v.string(), v.array(v.object({ name: v.string(), template: v.string() }))])),
  eos_token: v.nullish(v.union([v.string(), v.looseObject({ content: v.string() })])),
})

/** The folder in a model folder that holds further templates, a file each. */
export const NAMED_TEMPLATES = 'additional_chat_templates'

/** The tokenizer of the model folder `dir`. Throws HoneError naming the file that is missing or malformed. */
export async function loadTokenizer(dir: string): Promise<Tokenizer> {
  const file = read(join(dir, 'tokenizer.json'), TokenizerFile, true)
  requireModest(file, join(dir, 'tokenizer.json'))
  const settings = read(join(dir, 'tokenizer_config.json'), SettingsFile, false) ?? {}
  const templates = templatesOf(dir)
  if (templates.length > 0) settings.chat_template = templates
  const inner = await build(dir, file, settings)
  const idOf = (token: string): number | undefined => inner.get_vocab().get(token)
  let largest = -1
  for (const { id } of file.added_tokens) largest = Math.max(largest, id)
  for (const id of inner.get_vocab().values()) largest = Math.max(largest, id)
  const compiled = new Map<string, Template>()
  const template: Tokenizer['template'] = (messages, options) =>
    render({ dir, inner, compiled, specials: specialsOf(settings) }, messages, options)
  const closing = closingOf(template, file.added_tokens)
  const eosIds = [...new Set([...eosIdsOf(dir, settings.eos_token, idOf), ...(closing === undefined ? [] : [closing])])]
  return {
    encode: (text) => (text === '' ? [] : inner.encode(text, { add_special_tokens: false })),
    decode: (ids, { skipSpecial = false } = {}) =>
      ids.length === 0
        ? ''
        : inner.decode([...ids], { skip_special_tokens: skipSpecial, clean_up_tokenization_spaces: false }),
    vocabularySize: largest + 1,
    pieces: () => piecesOf(file),
    idOf,
    template,
    eosIds,
    endId: closing ?? eosIds[0],
  }
}

/** The tokenizer with templates that are told of that day and hour, whenever they are rendered. */
export function atDate(tokenizer: Tokenizer, date: Date): Tokenizer {
  return { ...tokenizer, template: (messages, options) => tokenizer.template(messages, { date, ...options }) }
}

/** Throws HoneError where the tokenizer in `dir` gives ids that a model with `vocabulary` rows does not have. */
export function requireVocabulary(tokenizer: Tokenizer, vocabulary: number, dir: string): void {
  if (tokenizer.vocabularySize <= vocabulary) return
  throw new HoneError(
    `Cannot use the model: its tokenizer has ${tokenizer.vocabularySize} ids, its embedding ${vocabulary} rows`,
    { at: dir, hint: 'tokenizer.json and the weights must be of one model' },
  )
}

async function build(
  dir: string,
  file: v.InferOutput<typeof TokenizerFile>,
  settings: object,
): Promise<PreTrainedTokenizer> {
  const { PreTrainedTokenizer } = await loadTransformers()
  try {
    return new PreTrainedTokenizer({ ...file, pre_tokenizer: exactSplit(file.pre_tokenizer) }, settings)
  } catch (cause) {
    throw new HoneError(`Cannot read the tokenizer: ${messageOf(cause)}`, { at: join(dir, 'tokenizer.json'), cause })
  }
}

/** GPT-2's split, as the ByteLevel pre-tokenizer of the Rust package applies it. */
const GPT2_SPLIT = "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+"

/**
 * The split that ByteLevel does by itself, spelt out as a Split before it: there the package reads \\s as Unicode's white
 * space, as Rust does, while its ByteLevel takes JavaScript's, which has U+FEFF and lacks U+0085.
 */
function exactSplit(step: unknown): unknown {
  if (v.is(Sequence, step)) return { ...step, pretokenizers: step.pretokenizers.map(exactSplit) }
  if (!v.is(ByteLevel, step)) return step
  const split = { type: 'Split', pattern: { Regex: GPT2_SPLIT }, behavior: 'Isolated', invert: false }
  return { type: 'Sequence', pretokenizers: [split, { ...step, use_regex: false }] }
}

/** What a folder's templates are rendered with. */
interface Folder {
  dir: string
  inner: PreTrainedTokenizer
  compiled: Map<string, Template>
  /** The tokens that templates know by name. */
  specials: Record<string, string>
}

function render(
  { dir, inner, compiled, specials }: Folder,
  messages: readonly ChatMessage[],
  { tools, addGenerationPrompt = false, chatTemplate, date = new Date(), variables = {} }: TemplateOptions = {},
): string {
  if (chatTemplate === undefined && !inner.chat_template)
    throw new HoneError('Cannot render the messages: the model has no chat template', {
      at: dir,
      hint: 'put its template into chat_template.jinja',
    })
  try {
    const source = inner.get_chat_template({
      ...(tools && { tools: [...tools] }),
      ...(chatTemplate !== undefined && { chat_template: chatTemplate }),
    })
    const template = compiled.get(source) ?? compileTemplate(source)
    compiled.set(source, template)
    return template({
      messages: messages.map(withThoughts),
      tools: tools ?? null,
      documents: null,
      add_generation_prompt: addGenerationPrompt,
      ...specials,
      strftime_now: (format: string) => strftime(date, format),
      ...variables,
    })
  } catch (cause) {
    throw new HoneError(`Cannot render the messages: the chat template says: ${messageOf(cause)}`, { at: dir, cause })
  }
}

/** The names of a thought, the one that most templates read first; gpt-oss's reads the second. */
const THOUGHTS = ['reasoning_content', 'thinking', 'reasoning']

/** The message with its thought under the names that templates read, as transformers does it. */
function withThoughts(message: ChatMessage): ChatMessage {
  const thought = THOUGHTS.map((name) => message[name]).find((each) => each !== undefined && each !== null)
  return thought === undefined ? message : { thinking: thought, ...message, reasoning_content: thought }
}

/** The templates in files of their own: the default one, and those that are saved beside it by name. */
function templatesOf(dir: string): { name: string; template: string }[] {
  const named = join(dir, NAMED_TEMPLATES)
  const files = [
    { name: 'default', path: join(dir, 'chat_template.jinja') },
    ...(existsSync(named) ? readdirSync(named) : [])
      .filter((file) => file.endsWith('.jinja'))
      .toSorted()
      .map((file) => ({ name: basename(file, '.jinja'), path: join(named, file) })),
  ]
  return files
    .filter(({ path }) => existsSync(path))
    .map(({ name, path }) => ({ name, template: readWhole(path, 'Cannot read the template') }))
}

function specialsOf(settings: v.InferOutput<typeof SettingsFile>): Record<string, string> {
  const given = SPECIALS.map((name) => [name, v.safeParse(TokenText, settings[name])] as const)
  return Object.fromEntries(given.flatMap(([name, token]) => (token.success ? [[name, token.output]] : [])))
}

/** The added token with which the template closes the model's turn; undefined where there is no template or it closes with text. */
function closingOf(
  template: Tokenizer['template'],
  added: readonly { id: number; content: string }[],
): number | undefined {
  const answer = 'An answer.'
  let text: string
  try {
    text = template([
      { role: 'user', content: 'A question.' },
      { role: 'assistant', content: answer },
    ])
  } catch (error) {
    if (error instanceof HoneError) return undefined
    throw error
  }
  const at = text.lastIndexOf(answer)
  const rest = at < 0 ? '' : text.slice(at + answer.length).trimStart()
  const closing = added.filter(({ content }) => content !== '' && rest.startsWith(content))
  return closing.toSorted((a, b) => b.content.length - a.content.length)[0]?.id
}

function eosIdsOf(
  dir: string,
  token: string | { content: string } | null | undefined,
  idOf: (token: string) => number | undefined,
): number[] {
  const generation = read(join(dir, 'generation_config.json'), EosFile, false)?.eos_token_id
  const model = generation ?? read(join(dir, 'config.json'), EosFile, false)?.eos_token_id ?? []
  const own = token && idOf(typeof token === 'string' ? token : token.content)
  return [...new Set([...model, ...(typeof own === 'number' ? [own] : [])])]
}

function read<S extends v.GenericSchema>(at: string, schema: S, required: true): v.InferOutput<S>
function read<S extends v.GenericSchema>(at: string, schema: S, required: boolean): v.InferOutput<S> | undefined
function read<S extends v.GenericSchema>(at: string, schema: S, required: boolean): v.InferOutput<S> | undefined {
  if (!existsSync(at)) {
    if (!required) return undefined
    throw new HoneError('Cannot read the tokenizer: there is no such file', {
      at,
      hint: 'hone needs the tokenizer as tokenizer.json',
    })
  }
  let json: unknown
  try {
    json = JSON.parse(readWhole(at, 'Cannot read the tokenizer'))
  } catch (cause) {
    if (cause instanceof HoneError) throw cause
    throw new HoneError('Cannot read the tokenizer: this file is not JSON', { at, cause })
  }
  const parsed = v.safeParse(schema, json)
  if (parsed.success) return parsed.output
  const issue = parsed.issues[0]
  throw new HoneError(`Cannot read the tokenizer: ${v.getDotPath(issue) ?? 'the file'}: ${issue.message}`, { at })
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause)
}
