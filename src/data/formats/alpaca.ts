// Alpaca rows as LLaMA-Factory reads them: pairs of texts, the prompt form written out.
import { dumpJson } from '../../text/json.ts'
import { targetText } from '../../dialogue/prompt.ts'
import type { PromptForm } from '../../dialogue/prompt/form.ts'
import type { HoneRow } from '../../dialogue/row.ts'

/** Alpaca knows two speakers: results of tools stand with what the user says. */
export function alpacaRow(row: HoneRow, form: PromptForm): string {
  const messages = form.messages(row)
  const system = messages.filter(({ role }) => role === 'system').map(({ content }) => content)
  const history: [string, string][] = []
  let asked: string[] = []
  for (const { role, content } of messages) {
    if (role === 'assistant') {
      history.push([asked.join('\n'), content])
      asked = []
    } else if (role !== 'system') asked.push(content)
  }
  return dumpJson(
    { instruction: asked.join('\n'), input: '', output: targetText(form, row), system: system.join('\n\n'), history },
    { ensureAscii: false },
  )
}
