// Prompt forms: every form shows the tools and the question, and its right answer is read back by the parser it is meant for.
import { afterAll, describe, expect, test } from 'bun:test'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { callFormats, type FormatName } from '../../src/dialogue/call.ts'
import { loadTokenizer } from '../../src/dialogue/chat.ts'
import { parseJson } from '../../src/text/json.ts'
import {
  completionIds,
  formatOf,
  promptForm,
  promptForms,
  promptIds,
  promptText,
  targetText,
  turnText,
} from '../../src/dialogue/prompt.ts'
import { openJudge } from '../../src/rl/judge.ts'
import { ownWords } from '../../src/rl/trained.ts'
import { toRow } from '../../src/dialogue/row.ts'
import { END, TINY_TEMPLATE, writeTinyTokenizer } from '../tiny-tokenizer.ts'

const root = mkdtempSync(join(tmpdir(), 'hone-prompt-'))
afterAll(() => rmSync(root, { recursive: true }))
const tokenizer = await loadTokenizer(writeTinyTokenizer(join(root, 'tiny'), { 'chat_template.jinja': TINY_TEMPLATE }))
const blind = await loadTokenizer(
  writeTinyTokenizer(join(root, 'blind'), {
    'chat_template.jinja':
      '{% for m in messages %}{{ m.role }}: {{ m.content }}<end>{% endfor %}{% if add_generation_prompt %}assistant: {% endif %}',
  }),
)

const tool = (name: string) => ({
  name,
  description: `Does ${name}, nicely: “é”`,
  parameters: { type: 'object', properties: { n: { type: 'number', default: 1.5 } } },
})
const call = (name: string, n: number) => ({ name, arguments: { n } })
const base = {
  id: '1',
  source: 'test',
  messages: [
    { role: 'system', content: 'Be brief.' },
    { role: 'user', content: 'First?' },
    { role: 'assistant', content: 'It is easy', tool_calls: [call('one', 1)] },
    { role: 'tool', content: '{"ok": true}' },
    { role: 'user', content: 'Then both, please.' },
  ],
  tools: [tool('one'), tool('two')],
  answer: [call('one', 2.5), call('two', -3)],
}
const row = toRow(base, 'here')
const declined = toRow({ ...base, answer: [] }, 'here')

describe('every form', () => {
  for (const [name, form] of Object.entries(promptForms))
    test(`${name} shows each tool, the dialogue in order, and ends where the model goes on`, () => {
      const text = promptText(form, row, tokenizer)
      const lines = text.split('\n').filter((line) => line.startsWith('{"type": "function"'))
      // Forms of benchmarks list the tools in ways of their own.
      if (lines.length > 0)
        expect(lines.map((line) => parseJson(line))).toEqual(
          base.tools.map((each) => ({ type: 'function', function: each })),
        )
      for (const { name, description } of base.tools)
        for (const part of [name, description]) expect(text).toContain(part)
      const places = ['user: First?', 'assistant: ', 'tool: {"ok": true}', 'user: Then both, please.<end>\nassistant: ']
      const at = places.map((place) => text.indexOf(place))
      expect(at).toEqual(at.toSorted((a, b) => a - b))
      expect(at[0]).toBeGreaterThan(0)
      expect(text.endsWith('assistant: ')).toBe(true)
      expect(promptIds(form, row, tokenizer)).toEqual(tokenizer.encode(text))
    })
})

describe('Tool-N1', () => {
  const { 'tool-n1': training, 'tool-n1-eval': evaluation, 'sft-no-reason': plain } = promptForms

  test('training keeps the system text of the row, evaluation replaces it', () => {
    expect(promptText(training, row, tokenizer)).toContain('system: Be brief.')
    expect(promptText(evaluation, row, tokenizer)).not.toContain('Be brief.')
  })

  test('earlier calls are a JSON string of JSON in training and stand in their tags in evaluation', () => {
    expect(promptText(training, row, tokenizer)).toContain(
      String.raw`assistant: "[{\"name\": \"one\", \"arguments\": {\"n\": 1}}]"<end>`,
    )
    expect(promptText(evaluation, row, tokenizer)).toContain(
      'assistant: <think>It is easy</think>\n<tool_call>\n[{"name": "one", "arguments": {"n": 1}}]\n</tool_call><end>',
    )
  })

  test('only evaluation says what to write where no tool fits, only the form without reasons asks for no thought', () => {
    const empty = '<tool_call>[]</tool_call>'
    expect(promptText(evaluation, row, tokenizer)).toContain(empty)
    expect(promptText(training, row, tokenizer)).not.toContain(empty)
    expect(promptText(plain, row, tokenizer)).not.toContain('think')
  })

  test('the right answer is one thought and one list of calls', () => {
    const calls =
      '<tool_call>\n[{"name": "one", "arguments": {"n": 2.5}}, {"name": "two", "arguments": {"n": -3}}]\n</tool_call>'
    expect(targetText(training, row, tokenizer)).toBe(`<think>I call one, then two.</think>\n${calls}`)
    expect(targetText(training, { ...row, meta: { thought: 'Hm.' } }, tokenizer)).toBe(`<think>Hm.</think>\n${calls}`)
    expect(targetText(plain, row, tokenizer)).toBe(calls)
    expect(targetText(training, declined, tokenizer)).toEndWith('<tool_call>\n[]\n</tool_call>')
  })

  test('what is said after a tool’s result is that text, and not that no function fits', () => {
    const said = { ...declined, messages: declined.messages.slice(0, -1), meta: { reply: 'All is well.' } }
    expect(targetText(plain, said, tokenizer)).toBe('All is well.')
    for (const form of [training, evaluation]) {
      const target = targetText(form, said, tokenizer)
      expect(target).toMatch(/^<think>[^<]+<\/think>\nAll is well\.$/)
      expect(target).not.toContain('No function fits')
      expect(callFormats['tool-n1'].parse(target)).toMatchObject({ calls: [], rest: 'All is well.', fault: null })
    }
    expect(targetText(training, { ...said, meta: { reply: 'It is.', thought: 'Hm.' } }, tokenizer)).toBe(
      '<think>Hm.</think>\nIt is.',
    )
    expect(targetText(training, { ...declined, meta: { reply: 'Sorry.' } }, tokenizer)).toEndWith('[]\n</tool_call>')
  })
})

describe("the model's own template", () => {
  const { native } = promptForms

  test('spells the answer as it spells calls of the dialogue', () => {
    expect(targetText(native, row, tokenizer)).toBe(
      '<call>{"name": "one", "arguments": {"n": 2.5}}</call><call>{"name": "two", "arguments": {"n": -3}}</call>',
    )
  })

  test('that shows no tools is refused where there are tools', () => {
    expect(() => promptText(native, row, blind)).toThrow("does not show the tool 'one'")
    expect(promptText(native, { ...row, tools: [] }, blind)).toStartWith('system: Be brief.<end>')
  })

  test('that spells no calls gets one tagged object per call', () => {
    const untooled = { ...row, tools: [], messages: row.messages.filter(({ role }) => role === 'user') }
    expect(targetText(native, untooled, blind)).toBe(
      '<tool_call>\n{"name": "one", "arguments": {"n": 2.5}}\n</tool_call>\n<tool_call>\n{"name": "two", "arguments": {"n": -3}}\n</tool_call>',
    )
  })
})

describe('every form', () => {
  const turn = { role: 'assistant' as const, content: 'It is easy', tool_calls: [call('one', 1)] }
  const result = { role: 'tool' as const, content: '{"ok": true}' }

  test.each(Object.entries(promptForms))(
    '%s goes on with a turn and its result as it shows them in a history',
    (_, form) => {
      const [system, first] = row.messages
      const asked = form.messages({ ...row, messages: [system!, first!] })
      const whole = form.messages({ ...row, messages: [system!, first!, turn, result] })
      expect(form.append(form.append(asked, turn), result)).toEqual(whole)
    },
  )

  test.each(Object.entries(promptForms))(
    '%s names the call format in which its right answer is read back',
    (_, form) => {
      const format = formatOf(form, blind)
      const untooled = { ...row, tools: [], messages: row.messages.filter(({ role }) => role === 'user') }
      const { calls, fault } = callFormats[format].parse(targetText(form, untooled, blind))
      expect({ calls, fault }).toEqual({ calls: row.answer, fault: null })
    },
  )
})

test('a chat template asks for the call format that it writes, whether it shows tools or not', async () => {
  const templates = {
    hermes: `<tool_call>{{ '{' }}"name": "{{ c.name }}", "arguments": {{ c.arguments | tojson }}}</tool_call>`,
    'qwen3-coder': `<tool_call>\n<function={{ c.name }}>\n{% for k, v in c.arguments.items() %}<parameter={{ k }}>\n{{ v }}\n</parameter>\n{% endfor %}</function>\n</tool_call>`,
    'glm-4.5': `<tool_call>{{ c.name }}\n{% for k, v in c.arguments.items() %}<arg_key>{{ k }}</arg_key>\n<arg_value>{{ v }}</arg_value>\n{% endfor %}</tool_call>`,
    'deepseek-v3': `<\uff5ctool\u2581calls\u2581begin\uff5c><\uff5ctool\u2581call\u2581begin\uff5c>function<\uff5ctool\u2581sep\uff5c>{{ c.name }}\n\`\`\`json\n{{ c.arguments | tojson }}\n\`\`\`<\uff5ctool\u2581call\u2581end\uff5c><\uff5ctool\u2581calls\u2581end\uff5c>`,
    'kimi-k2': `<|tool_calls_section_begin|><|tool_call_begin|>functions.{{ c.name }}:0<|tool_call_argument_begin|>{{ c.arguments | tojson }}<|tool_call_end|><|tool_calls_section_end|>`,
    'llama3-json': `{{ '{' }}"name": "{{ c.name }}", "parameters": {{ c.arguments | tojson }}}`,
    mistral: `[TOOL_CALLS][{{ '{' }}"name": "{{ c.name }}", "arguments": {{ c.arguments | tojson }}}]`,
    pythonic: `[{{ c.name }}({% for key in c.arguments %}{{ key }}={{ c.arguments[key] | tojson }}{% endfor %})]`,
  }
  for (const [name, spelling] of Object.entries(templates)) {
    const template =
      '{% for t in tools %}{{ t.function.name }} {% endfor %}{% for m in messages %}{{ m.role }}: {{ m.content }}' +
      `{% for each in m.tool_calls or [] %}{% set c = each.function %}${spelling}{% endfor %}<end>{% endfor %}` +
      '{% if add_generation_prompt %}assistant: {% endif %}'
    const folder = writeTinyTokenizer(join(root, name), { 'chat_template.jinja': template })
    expect(formatOf(promptForms.native, await loadTokenizer(folder))).toBe(name as FormatName)
  }
})

describe('where the template opens the thought', () => {
  const template =
    '{% for t in tools or [] %}{{ t.function.name }} {% endfor %}{% for m in messages %}{{ m.role }}: ' +
    "{% if m.role == 'assistant' %}<think>\n{{ m.reasoning_content }}\n</think>\n\n{% endif %}{{ m.content }}" +
    '{% for each in m.tool_calls or [] %}<tool_call>{"name": "{{ each.function.name }}", "arguments": {{ each.function.arguments | tojson }}}</tool_call>' +
    '{% endfor %}<end>{% endfor %}{% if add_generation_prompt %}assistant: <think>\n{% endif %}'
  const row = {
    messages: [{ role: 'user' as const, content: 'Move the lamp.' }],
    tools: [{ name: 'move', description: 'Moves.', parameters: { type: 'object', properties: {} } }],
    answer: [{ name: 'move', arguments: { text: '</think>' } }],
    meta: { thought: 'Off it goes.' },
  }
  const none = { ...row, answer: [], meta: { reply: 'Fine.' } }
  const opened = async () =>
    await loadTokenizer(writeTinyTokenizer(join(root, 'opened'), { 'chat_template.jinja': template }))

  test('the target goes on in the thought and closes it', async () => {
    const tokenizer = await opened()
    expect(targetText(promptForms['tool-n1'], row, tokenizer)).toStartWith('Off it goes.</think>\n<tool_call>')
    expect(targetText(promptForms['sft-no-reason'], row, tokenizer)).toStartWith(
      'Off it goes.\n</think>\n\n<tool_call>',
    )
    expect(targetText(promptForms.native, row, tokenizer)).toStartWith('Off it goes.\n</think>\n\n<tool_call>')
    expect(targetText(promptForms.native, none, tokenizer)).toBe('\n</think>\n\nFine.')
  })

  test('the whole turn is read with the thought and earns the full reward', async () => {
    const tokenizer = await opened()
    for (const form of [promptForms['tool-n1'], promptForms['sft-no-reason'], promptForms.native]) {
      const read = callFormats[formatOf(form, tokenizer)].parse(turnText(form, row, tokenizer))
      expect(read).toEqual({ think: 'Off it goes.', calls: row.answer, rest: '', fault: null })
    }
  })

  test('training judges the whole turn', async () => {
    const tokenizer = await opened()
    const form = promptForms['tool-n1']
    const prompt = { index: 0, ids: promptIds(form, row, tokenizer), row: { ...row, id: 'a', source: 'b' }, json: {} }
    const ids = tokenizer.encode(targetText(form, row, tokenizer))
    const completion = ownWords({ ids, logprobs: new Float32Array(ids.length), finish: 'eos' })
    const { judge, close } = openJudge('tool-n1', 'compat', tokenizer)
    const [[judged] = []] = await judge([{ prompt, completions: [completion] }], 0)
    close()
    expect(judged).toMatchObject({ text: targetText(form, row, tokenizer), verdict: { score: 1 } })
  })
})

describe('a file', () => {
  test('gives the exact text of the system message', () => {
    const path = join(root, 'mine.txt')
    writeFileSync(path, '{system} Tools:\n{tools}\nGo, {braces} and $& stay.')
    const text = promptText(promptForm(path), row, tokenizer)
    expect(text).toStartWith('system: Be brief. Tools:\n{"type": "function"')
    expect(text).toContain('\nGo, {braces} and $& stay.<end>')
    expect(targetText(promptForm(path), row, tokenizer)).toStartWith('<tool_call>')
  })

  test('may be a whole chat template', () => {
    const path = join(root, 'mine.jinja')
    writeFileSync(
      path,
      '{{ tools[0].function.name }},{{ tools[1].function.name }}/{{ messages[-1].content }}/{{ add_generation_prompt }}',
    )
    expect(promptText(promptForm(path), row, blind)).toBe('one,two/Then both, please./True')
  })

  test('without a place for the tools, or absent, is refused', () => {
    const path = join(root, 'bare.txt')
    writeFileSync(path, 'Hello')
    expect(() => promptForm(path)).toThrow('does not say where the tools go')
    expect(() => promptForm('tool-n2')).toThrow(expect.objectContaining({ hint: 'did you mean tool-n1?' }))
    expect(() => promptForm('constructor')).toThrow('Unknown prompt form or file: constructor')
  })
})

test('the target of fine-tuning is meta.completion word for word, ended once', () => {
  const target = (completion: string) =>
    completionIds(promptForms['tool-n1'], { ...row, meta: { completion } }, tokenizer)
  expect(target('ab')).toEqual([...tokenizer.encode('ab'), END])
  expect(target('ab<end>')).toEqual(target('ab'))
  expect(completionIds(promptForms.native, row, tokenizer).at(-1)).toBe(END)
})

test("the template spells the whole turn that a row teaches, with the row's thought and text", async () => {
  const thinking = await loadTokenizer(
    writeTinyTokenizer(join(root, 'thinking'), {
      'chat_template.jinja': String.raw`
{%- for tool in tools or [] %}{{ tool | tojson }}{% endfor %}
{%- for message in messages %}{{ message.role }}: {% if loop.last and message.role == 'assistant' -%}
  <think>{{ message.reasoning_content or '' }}</think>{% endif %}{{ message.content }}
  {%- for call in message.tool_calls or [] %}<call>{{ call.function | tojson }}</call>{% endfor %}<end>
{%- endfor %}
{%- if add_generation_prompt %}assistant: {% endif %}`,
    }),
  )
  const meta = { thought: 'Both.', reply: 'Here.' }
  const target = (row: Parameters<typeof targetText>[1]) => targetText(promptForms.native, row, thinking)
  const one = { ...row, answer: [{ name: 'one', arguments: parseJson('{"n": 5.0}') as { n: never } }], meta }
  expect(target(one)).toBe('<think>Both.</think>Here.<call>{"name": "one", "arguments": {"n": 5.0}}</call>')
  expect(target({ ...declined, meta })).toBe('<think>Both.</think>Here.')
  expect(target({ ...declined, meta: { reply: 'Here.' } })).toBe('<think></think>Here.')
})
