// A prompt form from a user's file: the exact text of a system message, or a whole chat template.
import { HoneError } from '../../error.ts'
import type { PromptForm } from './form.ts'
import { templateForm } from './native.ts'
import { history, reply, taggedTurn, toolLines } from './tool-n1.ts'

/**
 * `.jinja`: a chat template used in place of the model's. Any other file: the system message, in which {tools} becomes one
 * JSON line per tool and {system} the row's own system text. Answers then have the tags of Tool-N1, with a thought where
 * the text speaks of <think>.
 */
export function fileForm(path: string, text: string): PromptForm {
  const what = `the prompt in ${path}`
  if (path.endsWith('.jinja')) return templateForm(what, text)
  if (!text.includes('{tools}'))
    throw new HoneError(`Cannot use the prompt in ${path}: it does not say where the tools go`, {
      at: path,
      hint: 'Write {tools} where they belong; {system} stands for the system text of the row.',
    })
  const values = (tools: string, system: string): Record<string, string> => ({ tools, system })
  return {
    what,
    prompt({ messages, tools }, tokenizer) {
      const own = messages.filter(({ role }) => role === 'system').map(({ content }) => content)
      const known = values(toolLines(tools), own.join('\n\n'))
      const content = text.replace(/\{(tools|system)\}/g, (_, name: string) => known[name] ?? '')
      return tokenizer.template([{ role: 'system', content }, ...history(messages, taggedTurn)], {
        addGenerationPrompt: true,
      })
    },
    completion: (row) => reply(row, text.includes('<think>')),
  }
}
