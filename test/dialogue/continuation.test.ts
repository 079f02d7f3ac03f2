// What stands between two turns of the model follows the template, and never contains the model's own words.
import { expect, test } from 'bun:test'
import { loadTokenizer } from '../../src/dialogue/chat.ts'
import { continuation, continuationIds } from '../../src/dialogue/continuation.ts'
import { promptForm } from '../../src/dialogue/prompt.ts'
import { scratch } from '../scratch.ts'
import { END, TINY_TEMPLATE, writeTinyTokenizer } from '../tiny-tokenizer.ts'

const asked = { messages: [{ role: 'user' as const, content: 'Sum?' }], tools: [] }
const given = [{ role: 'tool' as const, content: '3' }]
const load = (template: string) =>
  loadTokenizer(
    writeTinyTokenizer(scratch(), { 'chat_template.jinja': template, 'config.json': { eos_token_id: END } }),
  )

test('it begins with what ends the turn, unless the model wrote that itself', async () => {
  const between = { form: promptForm('native'), tokenizer: await load(TINY_TEMPLATE), asked, called: ['add'], given }
  expect(continuation(between)).toBe('<end>\ntool: 3<end>\nassistant: ')
  expect(between.tokenizer.decode(continuationIds(between, true))).toBe('\ntool: 3<end>\nassistant: ')
})

test('a template that takes results only after calls is shown calls', async () => {
  const strict = `{%- for m in messages %}{%- if m.role == 'tool' and not messages[loop.index0 - 1].tool_calls %}{{ raise_exception('a result without a call') }}{% endif %}
{{- m.role + ': ' + m.content }}{% for c in m.tool_calls or [] %}{{ c.function | tojson }}{% endfor %}{{ '<end>' }}{% endfor %}{% if add_generation_prompt %}assistant: {% endif %}`
  const between = { form: promptForm('native'), tokenizer: await load(strict), asked, called: ['add'], given }
  expect(continuation(between)).toBe('<end>tool: 3<end>assistant: ')
})

test('a template that strips the thoughts of earlier turns changes nothing of what follows', async () => {
  const stripping = `{%- for m in messages %}{{ m.role + ': ' }}{% if m.role == 'assistant' and loop.last %}<think></think>{% endif %}{{ m.content + '<end>' }}{% endfor %}{% if add_generation_prompt %}assistant: <think>{% endif %}`
  const between = {
    form: promptForm('native'),
    tokenizer: await load(stripping),
    asked,
    called: [],
    given: [{ role: 'user' as const, content: 'And?' }],
  }
  expect(continuation(between)).toBe('<end>user: And?<end>assistant: <think>')
})

test('a template that does not show the turn is refused by name', async () => {
  const silent = `{% for m in messages if m.role != 'assistant' %}{{ m.content }}{% endfor %}`
  const between = { form: promptForm('native'), tokenizer: await load(silent), asked, called: [], given }
  expect(() => continuation(between)).toThrow('the chat template does not show it')
})
