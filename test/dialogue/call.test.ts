// Parsers of calls: what serving engines accept is read, what they refuse is a fault, and nothing is ever half a call.
import { expect, setDefaultTimeout, test } from 'bun:test'
import fc from 'fast-check'
import type { Call, Parsed } from '../../src/dialogue/call/format.ts'
import { findFormat, callFormats } from '../../src/dialogue/call.ts'
import { dumpJson, Float, parseJson, type Json } from '../../src/text/json.ts'

// Other programs may have the machine.
setDefaultTimeout(60_000)

const parse = (parser: string, text: string): Parsed => findFormat(parser).parse(text)
const f = (args: Call['arguments'] = { x: 1 }): Call => ({ name: 'f', arguments: args })
const F = '{"name": "f", "arguments": {"x": 1}}'
const G = '{"name": "g", "arguments": {}}'
const g: Call = { name: 'g', arguments: {} }
const block = (body: string) => `<tool_call>\n${body}\n</tool_call>`

const dsml = (block: string, parameters: string) =>
  `<｜DSML｜${block}>\n<｜DSML｜invoke name="f">\n${parameters}</｜DSML｜invoke>\n</｜DSML｜${block}>`

interface Case {
  calls: Call[]
  think?: string | null
  rest?: string
}

const whole: [parser: string, what: string, text: string, expected: Case][] = [
  ['hermes', 'one block', block(F), { calls: [f()] }],
  ['hermes', 'two blocks', block(F) + '\n' + block(G), { calls: [f(), g] }],
  ['hermes', 'text before, between and after', `a ${block(F)} b ${block(G)} c`, { calls: [f(), g], rest: 'a  b  c' }],
  ['hermes', 'blocks on one line', `<tool_call>${F}</tool_call><tool_call>${G}</tool_call>`, { calls: [f(), g] }],
  ['hermes', 'arguments before the name', block('{"arguments": {"x": 1}, "name": "f"}'), { calls: [f()] }],
  [
    'hermes',
    'nested and unicode arguments',
    block('{"name":"f","arguments":{"x":{"ä":["日本","\\u00e9",null,{"y":[]}]}}}'),
    { calls: [f({ x: { ä: ['日本', 'é', null, { y: [] }] } })] },
  ],
  [
    'hermes',
    'a call tag inside a string',
    block('{"name":"f","arguments":{"x":"</tool_call> and <tool_call>"}}'),
    { calls: [f({ x: '</tool_call> and <tool_call>' })] },
  ],
  [
    'hermes',
    'quotes and braces inside a string',
    block('{"name":"f","arguments":{"x":"\\"}]{["}}'),
    { calls: [f({ x: '"}]{[' })] },
  ],
  [
    'hermes',
    'a think tag inside an argument',
    block('{"name":"f","arguments":{"x":"<think>a</think>"}}'),
    { calls: [f({ x: '<think>a</think>' })] },
  ],
  ['hermes', 'thinking before', `<think>\nso f\n</think>\n\n${block(F)}`, { calls: [f()], think: 'so f' }],
  [
    'hermes',
    'thinking whose opening tag is in the prompt',
    `so f\n</think>\n${block(F)}`,
    { calls: [f()], think: 'so f' },
  ],
  [
    'hermes',
    'a call tag in the thinking',
    `<think>use <tool_call>?</think>${block(F)}`,
    { calls: [f()], think: 'use <tool_call>?' },
  ],
  ['hermes', 'an end-of-turn token', block(F) + '<|im_end|>\n', { calls: [f()] }],
  ['hermes', 'a whole call whose closing tag was the stop string', `<tool_call>\n${F}`, { calls: [f()] }],
  ['hermes', 'no call', 'Hello <|im_end|>', { calls: [], rest: 'Hello' }],
  [
    'tool-n1',
    'a list of calls',
    `<think>t</think> <tool_call>[${F}, ${G}]</tool_call>`,
    { calls: [f(), g], think: 't' },
  ],
  ['tool-n1', 'an empty list', '<tool_call>[]</tool_call>', { calls: [] }],
  ['tool-n1', 'one object', `<tool_call>${F}</tool_call>`, { calls: [f()] }],
  ['tool-n1', 'JSON text inside JSON text', `<tool_call>${JSON.stringify(`[${F}]`)}</tool_call>`, { calls: [f()] }],
  ['tool-n1', 'the last of two blocks', `<tool_call>[${G}]</tool_call><tool_call>[${F}]</tool_call>`, { calls: [f()] }],
  [
    'toolrl',
    'a call a line',
    '<think> t </think>\n<tool_call>\n{"name":"f","parameters":{"x":1}}\n{"name":"g","parameters":{}}\n</tool_call>',
    { calls: [f(), g], think: 't' },
  ],
  [
    'toolrl',
    'a closing tag in the second call',
    '<tool_call>\n{"name":"g","parameters":{}}\n{"name":"f","parameters":{"x":"</tool_call>"}}\n</tool_call>',
    { calls: [g, f({ x: '</tool_call>' })] },
  ],
  ['llama3-json', 'an object', '{"name": "f", "parameters": {"x": 1}}<|eot_id|>', { calls: [f()] }],
  [
    'llama3-json',
    'objects between semicolons',
    '{"name": "f", "parameters": {"x": 1}}; {"name": "g", "parameters": {}}',
    { calls: [f(), g] },
  ],
  [
    'llama3-json',
    'a semicolon in a string',
    '{"name": "f", "parameters": {"x": "a; b"}}',
    { calls: [f({ x: 'a; b' })] },
  ],
  [
    'llama3-json',
    'an object after the python tag',
    '<|python_tag|>{"name": "f", "parameters": {"x": 1}}<|eom_id|>',
    { calls: [f()] },
  ],
  [
    'llama3-json',
    'text around an object',
    'I call {"name": "f", "parameters": {"x": {"y": {"z": 1}}}} now',
    { calls: [f({ x: { y: { z: 1 } } })], rest: 'I call\nnow' },
  ],
  [
    'llama3-json',
    'a built-in tool',
    '<|python_tag|>brave_search.call(query="x (y)")<|eom_id|>',
    { calls: [{ name: 'brave_search', arguments: { query: 'x (y)' } }] },
  ],
  [
    'llama3-json',
    'a program',
    '<|python_tag|>print(1)\nprint(2)',
    { calls: [{ name: 'code_interpreter', arguments: { code: 'print(1)\nprint(2)' } }] },
  ],
  [
    'llama3-json',
    'braces in prose',
    'the set {a, b} is {} and [1]',
    { calls: [], rest: 'the set {a, b} is {} and [1]' },
  ],
  ['pythonic', 'a list of calls', '[f(x=1), g()]', { calls: [f(), g] }],
  [
    'pythonic',
    'all kinds of literals',
    `[f(a='b', c=[1, -2.5, {'k': (True, None)}], d="it's ]) here", e=true, n=null)]`,
    { calls: [f({ a: 'b', c: [1, -2.5, { k: [true, null] }], d: "it's ]) here", e: true, n: null })] },
  ],
  ['pythonic', 'dotted names', '[math.gcd(a=1)]', { calls: [{ name: 'math.gcd', arguments: { a: 1 } }] }],
  ['pythonic', 'text around', 'Sure: [f(x=1)] done', { calls: [f()], rest: 'Sure:  done' }],
  ['pythonic', "Llama 4's tags", '<|python_start|>[f(x=1)]<|python_end|><|eot_id|>', { calls: [f()] }],
  ['pythonic', 'thinking before', '<think>hm</think>[f(x=1)]', { calls: [f()], think: 'hm' }],
  ['pythonic', 'an empty list', '[]', { calls: [] }],
  ['pythonic', 'keywords of Python as names', "[f(from='a', class=1)]", { calls: [f({ from: 'a', class: 1 })] }],
  ['pythonic', 'a raw line break in a short string', "[f(x='a\n\tb')]", { calls: [f({ x: 'a\n\tb' })] }],
  [
    'pythonic',
    'names that Python has not',
    '[Get Time(a-b=1), /v1/x()]',
    {
      calls: [
        { name: 'Get Time', arguments: { 'a-b': 1 } },
        { name: '/v1/x', arguments: {} },
      ],
    },
  ],
  [
    'pythonic',
    'a call after brackets of prose',
    'See [the docs (page 3)]. [f(x=1)]',
    { calls: [f()], rest: 'See [the docs (page 3)].' },
  ],
  [
    'pythonic',
    'a thought with a call that breaks off',
    "say [f(x=user's</think>[f(x=1)]",
    { calls: [f()], think: "say [f(x=user's" },
  ],
  [
    'pythonic',
    'a dotted name of many parts',
    `[${'a.'.repeat(200_000)}b(x=1)]`,
    { calls: [{ name: `${'a.'.repeat(200_000)}b`, arguments: { x: 1 } }] },
  ],
  [
    'gpt-oss',
    'thinking, a call, and its recipient before the channel',
    '<|channel|>analysis<|message|>Hm.<|end|><|start|>assistant<|channel|>commentary to=functions.f <|constrain|>json<|message|>{"x": 1}<|call|><|start|>assistant to=functions.g<|channel|>commentary<|message|>{}<|call|>',
    { calls: [f(), g], think: 'Hm.' },
  ],
  [
    'gpt-oss',
    'an answer after thinking',
    '<|channel|>analysis<|message|>Hm.<|end|><|start|>assistant<|channel|>final<|message|>It is cold.<|return|>',
    { calls: [], think: 'Hm.', rest: 'It is cold.' },
  ],
  [
    'gpt-oss',
    'a preamble, and marks in a string',
    '<|channel|>commentary<|message|>I look.<|end|><|start|>assistant<|channel|>commentary to=functions.f<|message|>{"x":"<|call|><|message|>"}',
    { calls: [f({ x: '<|call|><|message|>' })], rest: 'I look.' },
  ],
  [
    'gemma-4',
    'texts, numbers, lists and objects',
    '<|channel>thought\nHm.\n<channel|>Sure.<|tool_call>call:f{a:<|"|>é, {"b"}<|"|>,b:{c:[1,2.5,true],d:null}}<tool_call|><|tool_call>call:g{}<tool_call|><turn|>',
    { calls: [f({ a: 'é, {"b"}', b: { c: [1, 2.5, true], d: null } }), g], think: 'Hm.', rest: 'Sure.' },
  ],
  [
    'gemma-4',
    'quoted keys and JSON strings',
    '<|tool_call>call:f{<|"|>x<|"|>: "1"}<tool_call|>',
    { calls: [f({ x: '1' })] },
  ],
  [
    'deepseek-v4',
    'values that say whether they are text',
    dsml(
      'tool_calls',
      '<｜DSML｜parameter name="a" string="true">1</｜DSML｜parameter>\n<｜DSML｜parameter name="b" string="false">1</｜DSML｜parameter>\n',
    ),
    { calls: [f({ a: '1', b: 1 })] },
  ],
  [
    'deepseek-v3.2',
    'a block by its older name, without the attribute',
    dsml('function_calls', '<｜DSML｜parameter name="x">1</｜DSML｜parameter>\n'),
    { calls: [f()] },
  ],
  ['json', 'a fenced list', 'Here:\n```json\n[' + F + ']\n```\nDone', { calls: [f()], rest: 'Here:\nDone' }],
  ['json', 'a fenced object without a language', '```\n' + F + '\n```', { calls: [f()] }],
  ['json', 'a bare list', `[${F}, ${G}]`, { calls: [f(), g] }],
  [
    'json',
    'a fence inside a string',
    '```json\n{"name":"f","arguments":{"x":"```"}}\n```',
    { calls: [f({ x: '```' })] },
  ],
  ['json', 'arguments as JSON text', '{"name":"f","arguments":"{\\"x\\": 1}"}', { calls: [f()] }],
  [
    'json',
    'an object after an unfinished brace',
    `{thinking: yes, then ${F}`,
    { calls: [f()], rest: '{thinking: yes, then' },
  ],
  ['json', 'an object in brackets of prose', `[Calling: ${F}]`, { calls: [f()], rest: '[Calling:\n]' }],
  ['json', 'no call inside other data', `{"result": ${F}}`, { calls: [], rest: `{"result": ${F}}` }],
  ['hermes', 'arguments as JSON text', block('{"name":"f","arguments":"{\\"x\\": 1}"}'), { calls: [f()] }],
  [
    'hermes',
    'a think tag in a call after text',
    `Sure. ${block('{"name":"f","arguments":{"x":"</think>"}}')}`,
    { calls: [f({ x: '</think>' })], rest: 'Sure.' },
  ],
  [
    'hermes',
    'thinking that the prompt opened and that begins with a rehearsed call',
    `${block(G)} no</think>${block(F)}`,
    { calls: [f()], think: `${block(G)} no` },
  ],
  [
    'tool-n1',
    'think tags in JSON text inside JSON text',
    `<tool_call>${JSON.stringify(F.replace('1', '"</think>"'))}</tool_call>`,
    { calls: [f({ x: '</think>' })] },
  ],
  [
    'llama3-json',
    'a program that prints a think tag',
    '<|python_tag|>print("</think>")',
    { calls: [{ name: 'code_interpreter', arguments: { code: 'print("</think>")' } }] },
  ],
  [
    'qwen3-coder',
    'calls with text, code and objects',
    'Ok.\n<tool_call>\n<function=f>\n<parameter=x>\n1\n</parameter>\n</function>\n</tool_call>\n<tool_call>\n<function=g>\n</function>\n</tool_call><|im_end|>',
    { calls: [f(), g], rest: 'Ok.' },
  ],
  [
    'qwen3-coder',
    'think tags and line breaks in a value',
    '<think>a</think>\n<tool_call>\n<function=f>\n<parameter=x>\n\n  </think>\n</parameter>\n</function>\n</tool_call>',
    { calls: [f({ x: '\n  </think>' })], think: 'a' },
  ],
  [
    'qwen3-coder',
    'booleans as Python writes them',
    '<tool_call>\n<function=f>\n<parameter=x>\nTrue\n</parameter>\n<parameter=y>\nNone\n</parameter>\n</function>\n</tool_call>',
    { calls: [f({ x: true, y: null })] },
  ],
  [
    'deepseek-v3',
    'a fence',
    `Ok.<\uff5ctool\u2581calls\u2581begin\uff5c><\uff5ctool\u2581call\u2581begin\uff5c>function<\uff5ctool\u2581sep\uff5c>f\n\`\`\`json\n{"x": 1}\n\`\`\`<\uff5ctool\u2581call\u2581end\uff5c>\n<\uff5ctool\u2581call\u2581begin\uff5c>function<\uff5ctool\u2581sep\uff5c>g\n\`\`\`json\n{}\n\`\`\`<\uff5ctool\u2581call\u2581end\uff5c><\uff5ctool\u2581calls\u2581end\uff5c><\uff5cend\u2581of\u2581sentence\uff5c>`,
    { calls: [f(), g], rest: 'Ok.' },
  ],
  [
    'deepseek-v3.1',
    'a name and JSON',
    `<\uff5ctool\u2581calls\u2581begin\uff5c><\uff5ctool\u2581call\u2581begin\uff5c>f<\uff5ctool\u2581sep\uff5c>{"x": 1}<\uff5ctool\u2581call\u2581end\uff5c><\uff5ctool\u2581calls\u2581end\uff5c>`,
    { calls: [f()] },
  ],
  [
    'kimi-k2',
    'ids of functions',
    '<|tool_calls_section_begin|><|tool_call_begin|>functions.f:0<|tool_call_argument_begin|>{"x": 1}<|tool_call_end|><|tool_call_begin|>g:1<|tool_call_argument_begin|>{}<|tool_call_end|><|tool_calls_section_end|>',
    { calls: [f(), g] },
  ],
  ['kimi-k2', 'no call outside its tokens', `so ${F}`, { calls: [], rest: `so ${F}` }],
  [
    'glm-4.5',
    'keys and values',
    '<think>a</think>\n<tool_call>f\n<arg_key>x</arg_key>\n<arg_value>1</arg_value>\n</tool_call>\n<tool_call>g</tool_call><|observation|>',
    { calls: [f(), g], think: 'a' },
  ],
  [
    'minimax-m2',
    'invocations',
    '<minimax:tool_call>\n<invoke name="f">\n<parameter name="x">1</parameter>\n</invoke>\n<invoke name="g">\n</invoke>\n</minimax:tool_call>[e~[',
    { calls: [f(), g] },
  ],
  [
    'seed-oss',
    'a function',
    '<seed:think>a</seed:think><seed:tool_call>\n<function=f>\n<parameter=x>1</parameter>\n</function>\n</seed:tool_call><seed:eos>',
    { calls: [f()], think: 'a' },
  ],
  ['mistral', 'a name and arguments', '[TOOL_CALLS]f{"x": 1}</s>', { calls: [f()] }],
  [
    'mistral',
    'a mark each',
    'Ok.[TOOL_CALLS]f[ARGS]{"x": 1}[TOOL_CALLS]g[CALL_ID]a1[ARGS]{}',
    { calls: [f(), g], rest: 'Ok.' },
  ],
  [
    'mistral',
    "Magistral's thought",
    `[THINK]try ${G}[/THINK][TOOL_CALLS]f[ARGS]{"x": 1}`,
    { calls: [f()], think: `try ${G}` },
  ],
  ['mistral', 'a list after the tag', `[TOOL_CALLS] [${F}]</s>`, { calls: [f()] }],
]

test.each(whole)('%s reads %s', (parser, _, text, { calls, think = null, rest = '' }) => {
  expect(parse(parser, text)).toEqual({ think, calls, rest, fault: null })
})

const broken: [parser: string, what: string, text: string, calls: Call[], fault: 'truncated' | 'malformed'][] = [
  ['hermes', 'a call cut short', '<tool_call>\n{"name": "f", "arguments": {"x"', [], 'truncated'],
  ['hermes', 'a second call cut short', block(F) + '<tool_call>{"name": "g"', [f()], 'truncated'],
  ['hermes', 'single quotes', block("{'name': 'f', 'arguments': {}}"), [], 'malformed'],
  ['hermes', 'a trailing comma', block('{"name": "f", "arguments": {},}'), [], 'malformed'],
  ['hermes', 'no arguments', block('{"name": "f"}'), [], 'malformed'],
  ['hermes', 'no name', block('{"arguments": {}}'), [], 'malformed'],
  ['hermes', 'a name that is no text', block('{"name": 5, "arguments": {}}'), [], 'malformed'],
  ['hermes', 'a list in a block', block(`[${F}]`), [], 'malformed'],
  ['hermes', 'a good block after a bad one', block('oops') + block(F), [f()], 'malformed'],
  ['hermes', 'thinking without an end', `<think>so ${block(F)}`, [], 'truncated'],
  ['tool-n1', 'a missing closing tag', `<tool_call>[${F}]`, [], 'truncated'],
  ['tool-n1', 'one bad call among good ones', `<tool_call>[${F}, {"name": "g"}]</tool_call>`, [], 'malformed'],
  ['tool-n1', 'a bad last block', `<tool_call>[${F}]</tool_call><tool_call>oops</tool_call>`, [], 'malformed'],
  ['toolrl', 'a bad line', '<tool_call>\n{"name":"f","parameters":{"x":1}}\n{"name"\n</tool_call>', [], 'malformed'],
  ['llama3-json', 'an object cut short', '{"name": "f", "parameters": {"x": "a', [], 'truncated'],
  ['llama3-json', 'an object without parameters', '{"name": "f"}', [], 'malformed'],
  ['llama3-json', 'a built-in tool cut short', '<|python_tag|>brave_search.call(query="x', [], 'malformed'],
  [
    'hermes',
    'a call cut short behind a think tag',
    '<tool_call>{"name": "f", "arguments": {"x": "</think>',
    [],
    'truncated',
  ],
  ['hermes', 'arguments that are no object', block('{"name": "f", "arguments": [1]}'), [], 'malformed'],
  ['mistral', 'arguments cut short', '[TOOL_CALLS]f[ARGS]{"x": "</think>', [], 'truncated'],
  ['qwen3-coder', 'a call cut short', '<tool_call>\n<function=f>\n<parameter=x>\n</think>', [], 'truncated'],
  ['qwen3-coder', 'a block without a function', '<tool_call>\nf\n</tool_call>', [], 'malformed'],
  ['glm-4.5', 'a call cut short', '<tool_call>f\n<arg_key>x</arg_key>\n<arg_value>1', [], 'truncated'],
  [
    'kimi-k2',
    'arguments cut short',
    '<|tool_call_begin|>functions.f:0<|tool_call_argument_begin|>{"x": 1',
    [],
    'truncated',
  ],
  [
    'kimi-k2',
    'arguments that are no JSON',
    '<|tool_call_begin|>functions.f:0<|tool_call_argument_begin|>x=1<|tool_call_end|>',
    [],
    'truncated',
  ],
  ['mistral', 'a name alone', '[TOOL_CALLS]f', [], 'truncated'],
  ['pythonic', 'a list cut short behind a think tag', '[f(x="</think>', [], 'truncated'],
  ['pythonic', 'an argument given twice', '[f(x=1, x=2)]', [], 'malformed'],
  ['pythonic', 'a long sum', `[f(x=${'1+'.repeat(200_000)}1)]`, [], 'malformed'],
  ['pythonic', 'a long path of attributes', `[f(x=${'a.'.repeat(200_000)}b)]`, [], 'malformed'],
  ['pythonic', 'a list cut short', '[f(x=1), g(a="b', [], 'truncated'],
  ['pythonic', 'a positional argument', '[f(1)]', [], 'malformed'],
  ['pythonic', 'an argument that is no literal', '[f(x=h(1))]', [], 'malformed'],
  ['pythonic', 'a set', '[f(x={1, 2})]', [], 'malformed'],
  ['json', 'a fence cut short', '```json\n[{"name": "f", "arguments": {', [], 'truncated'],
  ['json', 'a list with a bad call', '[{"name": "f", "arguments": {}}, {"name": "g"}]', [], 'malformed'],
]

test.each(broken)('%s refuses %s and names the fault', (parser, _, text, calls, fault) => {
  const parsed = parse(parser, text)
  expect(parsed.calls).toEqual(calls)
  expect(parsed.fault?.split(':')[0]).toBe(fault)
})

const HOSTILE: [what: string, text: string][] = [
  ['letters', 'a'.repeat(3.8e5)],
  ['blanks', ' '.repeat(3.8e5)],
  ['names before a parenthesis', 'a('.repeat(1.2e5)],
  ['functions', '<function=f><parameter=x></parameter>'.repeat(1.2e4)],
  ['functions that never end', '<function='.repeat(3.8e4)],
  ['keys', '<tool_call>f <arg_key>'.repeat(2.5e4)],
  ['invocations', '<invoke name="f">'.repeat(2.5e4)],
  ['kimi tokens', '<|tool_call_begin|>f:0<|tool_call_argument_begin|>{'.repeat(1.2e4)],
  ['Harmony headers', '<|channel|>commentary to=f<|message|>{"'.repeat(6.2e3)],
  ["Gemma's calls", '<|tool_call>call:f{a:<|"|>'.repeat(1.2e4)],
  ["Gemma's lists", `<|tool_call>call:f{a:${'['.repeat(3.8e5)}`],
  ["DeepSeek's invocations", '<\uff5cDSML\uff5cinvoke name="f">'.repeat(1.2e4)],
  ['opening tags', '<tool_call>'.repeat(1.1e5)],
  ['opening tags with a bracket', '<tool_call>{'.repeat(2.5e4)],
  ['broken blocks', '<tool_call>{"</tool_call>'.repeat(6.2e3)],
  ['closing tags', '</tool_call>'.repeat(1e5)],
  ['opening brackets', '['.repeat(3.8e5)],
  ['calls that never close', '[f('.repeat(1.2e5)],
  ['fences', '```json\n{'.repeat(2.5e4)],
  ['white space after a fence', '```' + ' '.repeat(3.8e5) + 'x'],
  ['think tags', '<think>'.repeat(1.8e5)],
  ['quotes', '{"'.repeat(1.5e5)],
]

test.each(HOSTILE)('Hundreds of kilobytes of %s are read in linear time by every parser', (_, text) => {
  for (const parser of Object.values(callFormats)) {
    expect(parser.parse(text).calls).toEqual([])
  }
})

/** What opens and closes thoughts, calls and turns in some format. */
const MARKS = [
  '<think>',
  '</think>',
  '[THINK]',
  '[/THINK]',
  '<tool_call>',
  '</tool_call>',
  '<|python_tag|>',
  '<|python_start|>',
  '<|python_end|>',
  '[TOOL_CALLS]',
  '[ARGS]',
  '```json',
  '```',
  '<|im_end|>',
  '</s>',
  '"}]',
  "')]",
  F,
  '[f(x=1)]',
  '<function=f>',
  '</parameter>',
  '</function>',
  '<arg_key>',
  '</arg_value>',
  '<\uff5ctool\u2581call\u2581begin\uff5c>',
  '<|tool_call_begin|>',
  '<|tool_call_argument_begin|>',
  '<\uff5cDSML\uff5cinvoke name="f">',
  '</\uff5cDSML\uff5cinvoke>',
  '<|message|>',
  '<|call|>',
  '<|channel|>analysis',
  '<|tool_call>call:f{',
  '<tool_call|>',
  '<channel|>',
]
const text = fc
  .oneof(
    { weight: 2, arbitrary: fc.string({ unit: 'grapheme' }) },
    {
      weight: 1,
      arbitrary: fc.array(fc.oneof(fc.constantFrom(...MARKS), fc.string({ maxLength: 3 })), { maxLength: 4 }),
    },
  )
  .map((parts) => (typeof parts === 'string' ? parts : parts.join('')))
const number = fc.oneof(
  fc.maxSafeInteger(),
  fc.bigInt({ min: 2n ** 53n, max: 2n ** 70n }),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => parseJson(dumpJson(new Float(value)))),
)
const value = fc.letrec<{ value: Json }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    fc.oneof(text, number, fc.boolean(), fc.constant(null)),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(text, tie('value'), { maxKeys: 3, noNullPrototype: true }),
  ),
})).value
/** Python's keywords are names like others. */
const identifier = fc.oneof(fc.constantFrom('from', 'class', 'in', 'None'), fc.stringMatching(/^[a-z_][a-z0-9_]{0,8}$/))
const callsOf = (name: fc.Arbitrary<string>, key: fc.Arbitrary<string>, values: fc.Arbitrary<Json>) =>
  fc.array(fc.record({ name, arguments: fc.dictionary(key, values, { maxKeys: 3, noNullPrototype: true }) }), {
    minLength: 1,
    maxLength: 3,
  })
/** Formats that have no way to quote a text of their own marks: in values, in keys, in names. */
const BARE = new Set(['qwen3-coder', 'seed-oss', 'minimax-m2', 'glm-4.5'])
const KEYS_IN_MARKS = new Set([...BARE, 'pythonic', 'deepseek-v3.2', 'deepseek-v4'])
const NAMES_IN_MARKS = new Set([...KEYS_IN_MARKS, 'deepseek-v3', 'deepseek-v3.1', 'kimi-k2', 'gpt-oss', 'gemma-4'])
/** Neither the mark that ends a bare value nor what reads as another value. */
const isPlain = (value: Json): boolean =>
  !/<\/(?:parameter|arg_value)>/.test(typeof value === 'string' ? value : JSON.stringify(value, noBigInt)) &&
  (typeof value !== 'string' || !/^\s*(?:[[{\d-]|true|false|null|True|False|None)/.test(value))
const noBigInt = (_: string, value: unknown): unknown => (typeof value === 'bigint' ? String(value) : value)
/** Prose: what marks a call or a thought in some format stands in none of it. */
const prose = fc.stringMatching(/^[A-Za-zäöü][A-Za-zäöü,.!?0-9]{0,7}( [A-Za-zäöü,.!?0-9]{1,8}){0,4}$/)

test.each(Object.entries(callFormats).filter(([name]) => name !== 'toolace-tool-n1'))(
  'whatever turn %s writes, it reads back: thought, text, calls',
  (name, format) => {
    const calls = callsOf(
      NAMES_IN_MARKS.has(name) ? identifier : fc.string({ minLength: 1 }),
      KEYS_IN_MARKS.has(name) ? identifier : text,
      BARE.has(name) ? value.filter(isPlain) : value,
    )
    const turn = fc.record({ think: fc.option(prose, { nil: null }), text: fc.option(prose, { nil: '' }), calls })
    fc.assert(
      fc.property(turn, ({ think, text, calls }) => {
        const read = format.parse(format.write({ think, text, calls }))
        expect(read).toEqual({ think, calls, rest: text, fault: null })
      }),
    )
  },
)

test.each(Object.entries(callFormats))('a turn without calls is read as one by %s', (_, format) => {
  for (const think of ['Nothing fits.', null])
    for (const text of ['', 'No tool fits.'])
      expect(format.parse(format.write({ think, text, calls: [] }))).toMatchObject({ calls: [], fault: null })
})

test('no text makes a parser throw', () => {
  const piece = fc.constantFrom(
    '<think>',
    '</think>',
    '<tool_call>',
    '</tool_call>',
    F,
    G,
    '[',
    ']',
    '{',
    '}',
    '"',
    "'",
    '(',
    ')',
    '=',
    ',',
    ';',
    '```',
    'json',
    '<|python_tag|>',
    'f',
    '.call(',
    ' ',
    '\n',
    '\\',
    '1',
  )
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
      for (const [name, parser] of Object.entries(callFormats))
        expect([name, typeof parser.parse(pieces.join('')).rest]).toEqual([name, 'string'])
    }),
    { numRuns: 1_000 },
  )
})

test('a parser that does not exist is refused with the nearest name', () => {
  expect(() => findFormat('hermez')).toThrow('Unknown parser: hermez')
})
