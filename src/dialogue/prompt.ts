// The table of prompt forms: how a hone row becomes the text that a model continues, and the text of a right answer.
import type { Tool } from './row.ts'
import type { PromptForm, Asked, Answered } from './prompt/form.ts'
import { existsSync } from 'node:fs'
import { callFormats, type FormatName } from './call.ts'
import type { ChatMessage, Tokenizer } from './chat.ts'
import { HoneError, lookup } from '../error.ts'
import { readWhole } from '../text/whole.ts'
import { fileForm } from './prompt/file.ts'
import { native } from './prompt/native.ts'
import { acebenchForm, bfclForm } from './prompt/python-calls.ts'
import { toolN1 } from './prompt/tool-n1.ts'

/** Prompt forms by name. */
export const promptForms = {
  'tool-n1': toolN1({ what: "Tool-N1's form for reinforcement learning: think, then a list of calls", think: true }),
  'tool-n1-eval': toolN1({
    what: "Tool-N1's form for evaluation: an empty list where no tool fits, earlier answers in their tags",
    think: true,
    evaluation: true,
  }),
  'sft-reason': toolN1({ what: "Tool-N1's form for fine-tuning on distilled reasoning", think: true }),
  'sft-no-reason': toolN1({ what: "Tool-N1's form for fine-tuning on calls alone", think: false }),
  native,
  bfcl: bfclForm,
  acebench: acebenchForm,
} satisfies Record<string, PromptForm>

/**
 * The form of that name, or of a file: `.jinja` is a chat template in place of the model's, any other text is the system
 * message, with the tools where it says {tools}. Throws HoneError for an unknown name.
 */
export function promptForm(name: string): PromptForm {
  if (!Object.hasOwn(promptForms, name) && existsSync(name))
    return fileForm(name, readWhole(name, 'Cannot read the prompt form'))
  return lookup<PromptForm>(promptForms, 'prompt form or file', name)
}

/** The row's prompt up to the point where the model goes on. @throws HoneError where the template refuses it or shows no tools. */
export function promptText(form: PromptForm, row: Asked, tokenizer: Tokenizer): string {
  const options = form.template?.(row) ?? {}
  const text = tokenizer.template(form.messages(row), { addGenerationPrompt: true, ...options })
  // Many templates pass over tools without a word; a model asked for calls it has never seen can only guess.
  const unseen = options.tools && row.tools.find(({ name }) => !text.includes(name))
  if (unseen)
    throw new HoneError(`Cannot render the row: the chat template does not show the tool '${unseen.name}'`, {
      hint: "use --prompt tool-n1, or a file with the prompt's text",
    })
  return text
}

/** What a prompt that opens the thought ends with, as templates of reasoning models do; empty where it opens none. */
export function openedThought(prompt: string): string {
  return /<think>\s*$/.exec(prompt)?.[0] ?? ''
}

/**
 * The target of fine-tuning, without the token that ends the turn: `meta.completion` word for word where the row has one,
 * else the form's right answer. A template that cannot be asked (no tokenizer) or does not spell the turn leaves it to the form.
 * Where the prompt opens the thought, the target goes on from there.
 */
export function targetText(form: PromptForm, row: Answered, tokenizer?: Tokenizer): string {
  const given = row.meta['completion']
  if (typeof given === 'string') return given
  const target = form.target(row)
  if (!tokenizer) return typeof target === 'string' ? target : target.otherwise
  const opened = openedThought(promptText(form, row, tokenizer)) !== ''
  if (typeof target === 'string') return opened ? goneOn(target, row) : target
  const spelt = spellTurn(form, row, target.message, tokenizer)
  const shown = row.answer.length > 0 ? row.answer.map(({ name }) => name) : [target.message.content.trim()]
  if (spelt !== undefined && shown.every((text) => spelt.includes(text))) return spelt
  return opened ? goneOn(target.otherwise, row) : target.otherwise
}

/** The right answer as the model's whole turn, with the thought that the prompt opened. */
export function turnText(form: PromptForm, row: Answered, tokenizer?: Tokenizer): string {
  const opened = tokenizer ? openedThought(promptText(form, row, tokenizer)) : ''
  return opened + targetText(form, row, tokenizer)
}

/** A target after an open thought: its own thought without the tag, else the row's, closed before the reply. */
function goneOn(target: string, { meta }: Answered): string {
  if (target.startsWith('<think>')) return target.slice('<think>'.length)
  const thought = meta['thought']
  return `${typeof thought === 'string' ? thought : ''}\n</think>\n\n${target}`
}

/** Token ids of the row's prompt. */
export function promptIds(form: PromptForm, row: Asked, tokenizer: Tokenizer): number[] {
  return tokenizer.encode(promptText(form, row, tokenizer))
}

/** Token ids of the target; then the token that ends the turn, unless the text ends with it. */
export function completionIds(form: PromptForm, row: Answered, tokenizer: Tokenizer): number[] {
  return ended(tokenizer.encode(targetText(form, row, tokenizer)), tokenizer)
}

/** A taught answer with the token that ends the turn, unless it brings one. */
export function ended(ids: number[], { eosIds, endId = eosIds[0] }: Tokenizer): number[] {
  return endId === undefined || eosIds.includes(ids.at(-1) ?? -1) ? ids : [...ids, endId]
}

/** The call format that the form asks for; where the chat template decides, the one in which it writes a call of its own. */
export function formatOf(form: PromptForm, tokenizer: Tokenizer): FormatName {
  if (form.format !== undefined) return form.format
  const calls = [{ name: 'probe', arguments: { text: 'a' } }]
  const message = form.append([], { role: 'assistant', content: '', tool_calls: calls })[0]!
  const messages = [{ role: 'user' as const, content: 'A question.' }]
  const tool = { name: 'probe', description: 'A tool.', parameters: { type: 'object', properties: {} } }
  const spell = (tools: Tool[]) => ifRendered(() => spellTurn(form, { messages, tools }, message, tokenizer))
  const text = withoutSpace(spell([tool]) ?? spell([]) ?? '')
  const same = TEMPLATE_FORMATS.find((name) => {
    return withoutSpace(callFormats[name].write({ think: null, text: '', calls })) === text
  })
  const [reads] = TEMPLATE_FORMATS.map((name) => ({ name, parsed: callFormats[name].parse(text) }))
    .filter(({ parsed }) => Bun.deepEquals(parsed.calls, calls))
    .toSorted((a, b) => a.parsed.rest.length - b.parsed.rest.length)
  return same ?? reads?.name ?? 'hermes'
}

const TEMPLATE_FORMATS: FormatName[] = [
  'hermes',
  'qwen3-coder',
  'glm-4.5',
  'deepseek-v3',
  'deepseek-v3.1',
  'deepseek-v3.2',
  'deepseek-v4',
  'kimi-k2',
  'minimax-m2',
  'seed-oss',
  'gpt-oss',
  'gemma-4',
  'mistral',
  'pythonic',
  'llama3-json',
  'json',
]
const withoutSpace = (text: string): string => text.replace(/\s/g, '')

/** A template may refuse any message. */
function ifRendered(render: () => string | undefined): string | undefined {
  try {
    return render()
  } catch (error) {
    if (error instanceof HoneError) return undefined
    throw error
  }
}

/** How the template spells the model's turn after the row's prompt, up to what ends it; undefined where it changes the prompt. */
function spellTurn(form: PromptForm, row: Asked, message: ChatMessage, tokenizer: Tokenizer): string | undefined {
  const asked = promptText(form, row, tokenizer)
  const whole = tokenizer.template([...form.messages(row), message], form.template?.(row))
  return whole.startsWith(asked) ? beforeEnd(whole.slice(asked.length), tokenizer) : undefined
}

/** A template closes the assistant's turn with an end token and often a line break; training adds the token by itself. */
function beforeEnd(text: string, tokenizer: Tokenizer): string {
  const ends = tokenizer.eosIds.map((id) => text.lastIndexOf(tokenizer.decode([id]))).filter((at) => at >= 0)
  return ends.length > 0 ? text.slice(0, Math.max(...ends)) : text
}
