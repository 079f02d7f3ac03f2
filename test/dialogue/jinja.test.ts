// Templates write what Python's Jinja writes: the expected texts are those of jinja2 3.1.6 with transformers' tojson.
import { expect, test } from 'bun:test'
import { compileTemplate } from '../../src/dialogue/jinja.ts'
import { parseJson } from '../../src/text/json.ts'

const x = parseJson(
  String.raw`{"2": 5.0, "1": 1e-07, "b": 2512292042121000001, "a": [], "é": {}, "n": null, "t": true, "f": -0.0, "e": 1e22, "s": "a\"b\u2028<&'", "l": [1, 2.5, {"k": [1.0]}]}`,
)

const RENDERED: [template: string, text: string][] = [
  [
    '{{ x | tojson }}',
    '{"2": 5.0, "1": 1e-07, "b": 2512292042121000001, "a": [], "é": {}, "n": null, "t": true, "f": -0.0, "e": 1e+22, "s": "a\\"b\u2028<&\'", "l": [1, 2.5, {"k": [1.0]}]}',
  ],
  [
    '{{ x | tojson(indent=2) }}',
    '{\n  "2": 5.0,\n  "1": 1e-07,\n  "b": 2512292042121000001,\n  "a": [],\n  "é": {},\n  "n": null,\n  "t": true,\n  "f": -0.0,\n  "e": 1e+22,\n  "s": "a\\"b\u2028<&\'",\n  "l": [\n    1,\n    2.5,\n    {\n      "k": [\n        1.0\n      ]\n    }\n  ]\n}',
  ],
  [
    '{{ x | tojson(true, 1) }}',
    '{\n "2": 5.0,\n "1": 1e-07,\n "b": 2512292042121000001,\n "a": [],\n "\\u00e9": {},\n "n": null,\n "t": true,\n "f": -0.0,\n "e": 1e+22,\n "s": "a\\"b\\u2028<&\'",\n "l": [\n  1,\n  2.5,\n  {\n   "k": [\n    1.0\n   ]\n  }\n ]\n}',
  ],
  [
    "{{ x | tojson(separators=(',', ':'), sort_keys=true) }}",
    '{"1":1e-07,"2":5.0,"a":[],"b":2512292042121000001,"e":1e+22,"f":-0.0,"l":[1,2.5,{"k":[1.0]}],"n":null,"s":"a\\"b\u2028<&\'","t":true,"é":{}}',
  ],
  [
    '{{ x }}',
    "{'2': 5.0, '1': 1e-07, 'b': 2512292042121000001, 'a': [], 'é': {}, 'n': None, 't': True, 'f': -0.0, 'e': 1e+22, 's': 'a\"b\\u2028<&\\'', 'l': [1, 2.5, {'k': [1.0]}]}",
  ],
  ["{{ x['2'] }} {{ x.b }} {{ x['1'] }} {{ x.t }}", '5.0 2512292042121000001 1e-07 True'],
  ["{{ x['2'] ~ '|' ~ x.b ~ x.t ~ x.n }}", '5.0|2512292042121000001TrueNone'],
  [
    "{{ x.t | string }} {{ x.n | string }} {{ x.l | string }} {{ x['1'] | string }}",
    "True None [1, 2.5, {'k': [1.0]}] 1e-07",
  ],
  [
    '{% for k, v in x.items() %}{{ k }}={{ v | string }};{% endfor %}',
    "2=5.0;1=1e-07;b=2512292042121000001;a=[];é={};n=None;t=True;f=-0.0;e=1e+22;s=a\"b\u2028<&';l=[1, 2.5, {'k': [1.0]}];",
  ],
  [
    "{{ x['2'] == 5 }}{{ x.b > 3 }}{{ x['2'] is number }}{{ x.b is integer }}{{ x is mapping }}",
    'TrueTrueTrueTrueTrue',
  ],
  ["{{ x.l | join(', ') }} {{ [x['2'], x.t, x.n, 1] | join }}", "1, 2.5, {'k': [1.0]} 5.0TrueNone1"],
  ["{{ [{'n': x['2']}, {'n': 1}] | join('-', attribute='n') }} {{ 'ab' | join('.') }}", '5.0-1 a.b'],
  ["{{ [x['2'], x.n, 'é'] | map('tojson') | join(',') }}", '5.0,null,"é"'],
  ["{{ [[x['2'], 1], [x.t]] | map('join', ':') | join(';') }}", '5.0:1;True'],
  ["{% filter tojson %}{{ x['2'] }} \"{% endfilter %}{% filter upper %}e{{ x['2'] }}{% endfilter %}", '"5.0 \\""E5.0'],
  ['{% for i in range(3) %}{{ i }}{% endfor %}{% for i in range(5, 0, -2) %}{{ i }}{% endfor %}', '012531'],
]

for (const [template, text] of RENDERED)
  test(`${template} is written as Python writes it`, () => {
    expect(compileTemplate(template)({ x })).toBe(text)
  })

test('what a template raises, and JSON of what is not defined, are refused', () => {
  expect(() => compileTemplate("{{ raise_exception('one call at a time') }}")({})).toThrow('one call at a time')
  expect(() => compileTemplate('{{ nothing | tojson }}')({})).toThrow('Undefined is not JSON serializable')
})

test('a template that would not end, or makes too large a value, is refused', () => {
  const double = (sum: string) => `{% for i in range(60) %}{% set ns.it = ${sum} %}{% endfor %}`
  const endless = [
    '{% for i in range(1000000000) %}x{% endfor %}',
    '{% macro f(n) %}{% if n > 0 %}{{ f(n - 1) }}{{ f(n - 1) }}{% endif %}{% endmacro %}{{ f(99) }}',
    '{% set ns = namespace(it=[1]) %}' + double('ns.it + ns.it'),
    "{% set ns = namespace(it='x') %}" + double('ns.it + ns.it'),
    "{% set ns = namespace(it='x') %}" + double('ns.it ~ ns.it'),
    '{% set ns = namespace(it=[1]) %}' + double('[ns.it, ns.it]') + '{{ ns.it | tojson }}',
    '{% set ns = namespace(it=[1]) %}' + double('[ns.it, ns.it]') + '{{ ns.it }}',
  ]
  for (const source of endless)
    expect(() => compileTemplate(source)({})).toThrow(/too large a value|goes on for too long|a range of 1000000000/)
  // A loop whose body is empty is counted by its turns.
  const loops = '{% for i in range(100000) %}'.repeat(3) + '{% endfor %}'.repeat(3)
  expect(() => compileTemplate(loops)({})).toThrow('it goes on for too long')
}, 120_000)
