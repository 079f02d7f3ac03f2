// A prompt form from a user's file: the exact text of a system message, or a whole chat template.
import { HoneError } from '../../error.ts'
import { withSystem, type Asked, type PromptForm } from './form.ts'
import { templateForm } from './native.ts'
import { rightAnswer, taggedTurn, toolLines } from './tool-n1.ts'

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
      hint: 'write {tools} where they belong; {system} stands for the system text of the row',
    })
  const system = ({ messages, tools }: Asked): string => {
    const own = messages.filter(({ role }) => role === 'system').map(({ content }) => content)
    const known: Record<string, string> = { tools: toolLines(tools), system: own.join('\n\n') }
    return text.replace(/\{(tools|system)\}/g, (_, name: string) => known[name] ?? '')
  }
  return {
    what,
    format: 'tool-n1',
    ...withSystem(system, taggedTurn),
    target: (row) => rightAnswer(row, text.includes('<think>')),
  }
}
