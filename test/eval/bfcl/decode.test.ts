// The decoders and their quirks, each as the original was seen to behave.
import { expect, test } from 'bun:test'
import * as fc from 'fast-check'
import { decoders, findDecoder, isUndecodable } from '../../../src/eval/bfcl/decode.ts'
import { categories, isCategory } from '../../../src/eval/bfcl/categories.ts'
import type { AstCase } from '../../../src/eval/bfcl/checker.ts'
import { loadGrammar } from '../../../src/eval/bfcl/grammar.ts'
import { judge } from '../../../src/eval/bfcl/judge.ts'
import type { Language } from '../../../src/eval/bfcl/types.ts'
import { parseJson } from '../../../src/text/json.ts'
import { fromJson } from '../../../src/text/python/json.ts'
import { repr } from '../../../src/text/python/repr.ts'

for (const language of ['java', 'javascript']) await loadGrammar(language)

const REFUSED = 'refused'

test('Python text: brackets are added, prose and fences with a language are refused', () => {
  const cases: [string, string][] = [
    ['', '[]'],
    ['f(a=1), g(b=2)', "[{'f': {'a': 1}}, {'g': {'b': 2}}]"],
    ['[f(a=1)', "[{'f': {'a': 1}}]"],
    ['```[f(a=1)]```', "[{'f': {'a': 1}}]"],
    ['```python\n[f(a=1)]\n```', REFUSED],
    ["'[f(a=1)]'", REFUSED],
    ['[[f()]]', REFUSED],
    ['I cannot do that.', REFUSED],
    ['[f(1, a=2)]', "[{'f': {'a': 2}}]"],
    ['[f(a=1, a=2)]', "[{'f': {'a': 2}}]"],
    ['[f(**{"a": 1})]', "[{'f': {None: {'a': 1}}}]"],
    ['[f(a=1)(b=2)]', "[{'': {'b': 2}}]"],
    ['[f(a=1).g(b=2)]', "[{'g': {'b': 2}}]"],
  ]
  for (const [text, decoded] of cases) expect([text, decode('text', text)]).toEqual([text, decoded])
})

test('Python values: signs are always minus, names become text, sums are computed, calls stay source', () => {
  const values: [string, string][] = [
    ['+5', '-5'],
    ['~5', '-5'],
    ['not True', '-1'],
    ['--5', REFUSED],
    ['true', "'true'"],
    ['(1, 2)', '(1, 2)'],
    ['{1, 2}', REFUSED],
    ['2*3+1', '7'],
    ['"a"+"b"', "'ab'"],
    ['x+1', REFUSED],
    ['g(1, k)', "'g(1, k)'"],
    ['g(k=1)', "{'g': {'k': 1}}"],
    ['x[0]', "'x[0]'"],
    ['...', "'...'"],
    ['1e400', 'inf'],
    ['a.b', REFUSED],
  ]
  for (const [value, decoded] of values) {
    expect([value, decode('text', `[f(a=${value})]`)]).toEqual([
      value,
      decoded === REFUSED ? REFUSED : `[{'f': {'a': ${decoded}}}]`,
    ])
  }
})

test('Java: quotes go at the top only, bodies of objects are dropped, one call is read', () => {
  const cases: [string, string][] = [
    ['[Maps.of(name="a b", n=5L)]', "[{'Maps.of': {'name': 'a b', 'n': '5L'}}]"],
    [
      '[Maps.of(m=new HashMap<String, Object>() {{ put("a", 1); }})]',
      "[{'Maps.of': {'m': 'new HashMap<String,Object>()'}}]",
    ],
    ['[Maps.of(l=new String[]{"a", "b"})]', `[{'Maps.of': {'l': 'new String[]{"a","b"}'}}]`],
    ['[Maps.of(l=Arrays.asList(1,  2))]', "[{'Maps.of': {'l': 'Arrays.asList(1,  2)'}}]"],
    ['[Maps.of(first=1), Maps.of(second=2)]', REFUSED],
    ['[Maps.of(first=1, first=2)]', REFUSED],
    ["[Maps.of(first={'a': 1})]", REFUSED],
    ['[]', '{}'],
    [
      '[Maps.of(test=a ? b : c, each=x -> x + 1, of=String::valueOf, at=a[0], o=Object.class, s="""text""")]',
      `[{'Maps.of': {'test': 'a?b:c', 'each': 'x->x+1', 'of': 'String::valueOf', 'at': 'a[0]', 'o': 'Object.class', 's': '""text""'}}]`,
    ],
    [
      '[Maps.of(o=new Foo(1, "a") { int x; }, l=new ArrayList<>())]',
      `[{'Maps.of': {'o': 'new Foo(1, "a")', 'l': 'new ArrayList<>()'}}]`,
    ],
    ['[const r = Maps.of(n=5L, u=TimeUnit.MINUTES);]', "[{'Maps.of': {'n': '5L', 'u': 'TimeUnit.MINUTES'}}]"],
    ['[Maps.of(n=1) // done]', "[{'Maps.of': {'n': '1'}}]"],
    ['[Maps.of(first=1)\nMaps.of(second=2)]', REFUSED],
    ['[Maps.of(name="é", size=1)]', `[{'Maps.of': {'name': 'é"', 'ize=': ')'}}]`],
    ['[Maps.of(name=this, second, Object.class)]', REFUSED],
    ['[Maps.of(n=new int[3])]', REFUSED],
    ['Here is the call: Maps.of(n=1)', REFUSED],
    [`[Maps.of(${'a<'.repeat(50_000)}]`, REFUSED],
  ]
  for (const [text, decoded] of cases) expect([text, decode('text', text, 'java')]).toEqual([text, decoded])
})

test('JavaScript: values are source text without outer quotes; what is no call is nothing', () => {
  const cases: [string, string][] = [
    [`[draw(at=[1, {x: "y"}], label='a')]`, `[{'draw': {'at': '[1, {x: "y"}]', 'label': 'a'}}]`],
    ['[draw(f=(a, b) => a + b, t=`x ${y}`)]', "[{'draw': {'f': '(a, b) => a + b', 't': '`x ${y}`'}}]"],
    [
      '[draw(f=async () => 1, g=function (a) { return a }, r=/x+/g, n=10n)]',
      "[{'draw': {'f': 'async () => 1', 'g': 'function (a) { return a }', 'r': '/x+/g', 'n': '10n'}}]",
    ],
    ['[draw(a={get b() { return 1 }}, ...c)]', "[{'draw': {'a': '{get b() { return 1 }}'}}]"],
    ['[draw(a=<b>c</b>)]', "[{'draw': {'a': '<b>c</b>'}}]"],
    ['[draw(a=1).then(b=2)]', "[{'draw(a=1).then': {'b': '2'}}]"],
    ['[draw(a=1)\npaint(b=2)]', "[{'draw': {'a': '1'}}]"],
    ['[const r = draw(a=1)]', 'None'],
    ['[draw(x, true)]', REFUSED],
    ['[await draw(a=1)]', 'None'],
    ['[draw]', 'None'],
    ['Sure, here it is.', REFUSED],
  ]
  for (const [text, decoded] of cases) expect([text, decode('text', text, 'javascript')]).toEqual([text, decoded])
})

test('blocks: Tool-N1 reads the first, ToolRL the last, Qwen each with line ends', () => {
  const call = (name: string) => `[{"name": "${name}", "arguments": {}}]`
  expect(decode('tooln1', `<tool_call>${call('a')}</tool_call><tool_call>${call('b')}</tool_call>`)).toBe("[{'a': {}}]")
  expect(decode('tooln1', 'no block')).toBe(REFUSED)
  expect(
    decode(
      'qwen_fc',
      '<tool_call>\n{"name": "a", "arguments": {}}\n</tool_call>\n<tool_call>{"name": "b", "arguments": {}}</tool_call>',
    ),
  ).toBe("[{'a': {}}]")
  expect(decode('qwen_fc', 'no block')).toBe('[]')
  expect(
    decode(
      'toolrl',
      '<tool_call>\nbad\n{"name": "a", "parameters": {"x": 1}}\n{"name": "none", "parameters": {}}\n</tool_call>',
    ),
  ).toBe("[{'a': {'x': 1}}]")
  expect(decode('xlam', '{"name": "a", "arguments": {}}; {"name": "b", "arguments": {}}')).toBe(
    "[{'a': {}}, {'b': {}}]",
  )
})

test('any parser of calls is a decoder too, and an unknown name is answered with the nearest', () => {
  const response = '{"name": "f", "parameters": {"a": 1}}; {"name": "g", "parameters": {}}'
  expect(repr(findDecoder('llama3-json').decode(response, 'python'))).toBe("[{'f': {'a': 1}}, {'g': {}}]")
  expect(repr(findDecoder('hermes').decode('no call', 'python'))).toBe('[]')
  expect(() => findDecoder('qwen-fc')).toThrow(/Unknown mode/)
})

test('the published Tool-N1 handler never shows a call to the relevance check; the one of the same form does', () => {
  const response = '<tool_call>[{"name": "f", "arguments": {}}]</tool_call>'
  const verdict = (mode: string) =>
    judge('irrelevance', { functions: [], answer: [] }, { response, decoder: decoders[mode]!, underscoreToDot: false })
      .verdict
  expect(verdict('tooln1')).toBe(true)
  expect(verdict('tool-n1')).toBe(false)
})

test('a response too deep to be read is undecodable, and ends nothing', () => {
  const row: AstCase = { functions: [], answer: [] }
  for (const response of [`[f(a=${Array(40_000).fill('1').join('+')})]`, '['.repeat(8000), `[${'('.repeat(8000)}`])
    expect(judge('simple_python', row, { response, decoder: decoders['text']!, underscoreToDot: false }).verdict).toBe(
      false,
    )
})

/** Twice as long takes twice as long: by an expression of the square these took minutes. */
const LONG = ["'", '`', '\n', ' ', '<tool_call>\n', '<tool_call>', '"', '['].map((part) => `x${part.repeat(300_000)}x`)

test('a response that repeats one thing hundreds of thousands of times is judged like any other', () => {
  const row: AstCase = { functions: [], answer: [] }
  for (const category of ['simple_python', 'simple_java', 'simple_javascript'] as const)
    for (const mode of ['text', 'qwen_fc', 'tooln1', 'xlam', 'toolrl'])
      for (const response of LONG)
        expect(judge(category, row, { response, decoder: decoders[mode]!, underscoreToDot: false }).verdict).toBe(false)
}, 120_000)

test('no response makes the judge throw', () => {
  const row: AstCase = {
    functions: [
      fromJson(
        parseJson(
          '{"name": "f.g", "parameters": {"type": "dict", "properties": {"a": {"type": "float"}, "b": {"type": "array", "items": {"type": "dict"}}}, "required": ["a"]}}',
        ),
      ),
    ],
    answer: [fromJson(parseJson('{"f.g": {"a": [1.5], "b": ["", [{"x": ["y"]}]]}}'))],
  }
  const words = fc.constantFrom(
    '[',
    ']',
    '(',
    ')',
    '{',
    '}',
    'f.g',
    'f',
    'a=',
    'b=',
    '1',
    '1.5',
    '"x"',
    "'",
    '"',
    ',',
    ' ',
    '\n',
    '<tool_call>',
    '</tool_call>',
    'new ',
    'int[]',
    ':',
    '*',
    '**',
    '\\',
    'é',
    '`',
    '//',
    '/*',
    '=>',
    ';',
  )
  const text = fc.oneof(
    fc.array(words, { maxLength: 30 }).map((parts) => parts.join('')),
    fc.string(),
  )
  const response = fc.oneof(
    text,
    fc.jsonValue().map((value) => parseJson(JSON.stringify(value))),
  )
  fc.assert(
    fc.property(
      response,
      fc.constantFrom(...Object.keys(decoders)),
      fc.constantFrom(...Object.keys(categories)),
      (given, mode, category) => {
        if (isCategory(category))
          judge(category, row, { response: given, decoder: decoders[mode]!, underscoreToDot: false })
      },
    ),
    { numRuns: 2000 },
  )
})

function decode(mode: string, response: string, language: Language = 'python'): string {
  try {
    return repr(decoders[mode]!.decode(response, language))
  } catch (error) {
    if (isUndecodable(error)) return REFUSED
    throw error
  }
}
