// Settings: precedence, origins, and what is said of a wrong file.
import { afterAll, expect, test } from 'bun:test'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import * as v from 'valibot'
import { readConfigFile } from '../../src/shell/config-file.ts'
import { configTable, resolveConfig } from '../../src/shell/config.ts'
import { HoneError } from '../../src/error.ts'
import { argumentsOf } from '../../src/shell/flags.ts'
import { leavesOf } from '../../src/shell/schema.ts'
import { expected } from '../../src/shell/shape.ts'

const folder = mkdtempSync(join(tmpdir(), 'hone-config-'))
afterAll(() => rmSync(folder, { recursive: true }))

const schema = v.strictObject({
  preset: v.optional(v.string(), 'plain'),
  model: v.string(),
  learningRate: v.optional(v.pipe(v.number(), v.minValue(0), v.description('step size')), 1e-6),
  loss: v.optional(v.picklist(['grpo', 'gspo']), 'grpo'),
  targets: v.optional(v.array(v.string()), ['q_proj']),
  save: v.optional(v.boolean(), true),
  budget: v.optional(v.nullable(v.union([v.number(), v.literal('auto')])), null),
  sampling: v.optional(v.strictObject({ temperature: v.optional(v.number(), 1), topK: v.optional(v.number(), 0) }), {}),
})

test('a flag beats a variable, which beats the file, which beats the preset, which beats the default', () => {
  const file = write('a.yaml', 'model: m\nloss: gspo\nsampling:\n  temperature: 0.7\n')
  const presets = { hot: { learningRate: 1, loss: 'grpo', sampling: { temperature: 2, topK: 5 } } }
  const { value, origins } = resolveConfig(schema, {
    presets,
    preset: 'hot',
    file,
    env: { HONE_MODEL: 'n', HONE_TARGETS: 'a, b', HONE_BUDGET: 'auto' },
    flags: { targets: 'c', 'sampling.topK': '9', save: false },
  })
  expect(value).toEqual({
    preset: 'plain',
    model: 'n',
    learningRate: 1,
    loss: 'gspo',
    targets: ['c'],
    save: false,
    budget: 'auto',
    sampling: { temperature: 0.7, topK: 9 },
  })
  expect(origins).toEqual({
    preset: 'default',
    model: 'HONE_MODEL',
    learningRate: 'preset hot',
    loss: `${file}:2`,
    targets: '--targets',
    save: '--save',
    budget: 'HONE_BUDGET',
    'sampling.temperature': `${file}:4`,
    'sampling.topK': '--sampling.top-k',
  })
})

test('none in a file is null where a setting may be null, and a word elsewhere', () => {
  const file = write('none.yaml', 'model: none\nbudget: none\n')
  expect(resolveConfig(schema, { file }).value).toMatchObject({ model: 'none', budget: null })
})

test('a misspelt key is answered in the spelling of who wrote it', () => {
  const hintOf = (text: string) => fault({ file: write('s.yaml', text) }).hint
  expect(hintOf('learnin_rate: 1\n')).toBe('did you mean learning_rate?')
  expect(hintOf('learnin-rate: 1\n')).toBe('did you mean learning-rate?')
  expect(hintOf('learninRate: 1\n')).toBe('did you mean learningRate?')
})

test('a wrong value is found although other values are made of its key', () => {
  const text = `model: "${'budget '.repeat(50_000)}"\nbudget: x\n`
  expect(fault({ file: write('repeated.yaml', text) }).at).toEndWith('repeated.yaml:2')
})

test('the table shows every setting with its value and origin', () => {
  const table = configTable(resolveConfig(schema, { flags: { model: 'm' } }))
  expect(table).toHaveLength(9)
  expect(table[1]).toMatch(/^model\s+"m"\s+--model$/)
  expect(table[4]).toMatch(/^targets\s+\["q_proj"\]\s+default$/)
})

test('a preset is chosen by file, variable or flag, and an unknown one is named', () => {
  const presets = { slow: { learningRate: 3 }, fast: { learningRate: 9 } }
  const file = write('p.toml', 'model = "m"\npreset = "slow"\n')
  expect(resolveConfig(schema, { presets, file }).value.learningRate).toBe(3)
  expect(resolveConfig(schema, { presets, file, flags: { preset: 'fast' } }).value.learningRate).toBe(9)
  expect(fault({ presets, file: write('q.toml', 'model = "m"\n\npreset = "slwo"\n') })).toMatchObject({
    message: 'Setting "preset" must be one of slow, fast: current value is "slwo"',
    at: join(folder, 'q.toml:3'),
    hint: 'did you mean slow?',
  })
})

const spellings: [string, string, string][] = [
  ['u.yaml', 'model: m\n# learning_rat: 3\nlearning_rat: 2\n', 'u.yaml:3'],
  ['u.toml', 'model = "learning_rat"\nlearning_rat = 2\n', 'u.toml:2'],
  ['u.json', '{\n  "model": "m",\n  "learning_rat": 2\n}', 'u.json:3'],
]
test.each(spellings)('an unknown key in %s is reported with its line and the nearest name', (name, text, at) => {
  expect(fault({ file: write(name, text) })).toMatchObject({
    message: 'Unknown key: learning_rat',
    at: join(folder, at),
    hint: 'did you mean learning_rate?',
    exit: 2,
  })
})

const wrong: [string, string, string, number][] = [
  [
    'type',
    'model: m\nlearning-rate: fast\n',
    'Setting "learning-rate" must be a number of at least 0: current value is "fast"',
    2,
  ],
  [
    'range',
    'model: m\nlearning_rate: -1\n',
    'Setting "learning_rate" must be a number of at least 0: current value is -1',
    2,
  ],
  ['item', 'targets: [a, 4]\nmodel: m\n', 'Setting "targets.1" must be text: current value is 4', 1],
  [
    'nested',
    'model: m\nsampling:\n  topK: 1\n  temperature: hot\n',
    'Setting "sampling.temperature" must be a number: current value is "hot"',
    4,
  ],
  [
    'tree',
    'model: m\nsampling: hot\n',
    'Setting "sampling" must be a mapping of keys to values: current value is "hot"',
    2,
  ],
  [
    'list for a tree',
    'model: m\nsampling: [1]\n',
    'Setting "sampling" must be a mapping of keys to values: current value is [1]',
    2,
  ],
  [
    'infinity',
    'model: m\nlearningRate: .inf\n',
    'Setting "learningRate" must be a finite number: current value is Infinity',
    2,
  ],
  ['choice', 'loss: ppo\nmodel: m\n', 'Setting "loss" must be one of grpo, gspo: current value is "ppo"', 1],
  ['nested unknown', 'model: m\nsampling:\n  temprature: 1\n', 'Unknown key: sampling.temprature', 3],
  ['twice', 'model: m\nloss: grpo\nloss: gspo\n', 'Key "loss" stands more than once', 2],
  ['spelt twice', 'model: m\nlearningRate: 1\nlearning_rate: 1\n', 'Key "learningRate" stands more than once', 3],
  ['syntax', 'model: m\nloss: [a\nsave: true\n', 'Cannot read configuration: YAML Parse error: Unexpected token', 2],
]
test.each(wrong)('a wrong %s is reported with its line', (name, text, message, line) => {
  const file = write(`${name}.yaml`, text)
  expect(fault({ file })).toMatchObject({ message, at: `${file}:${line}`, exit: 2 })
})

test('a syntax error in TOML or JSON is reported with its line', () => {
  expect(fault({ file: write('s.toml', 'model = "m"\nloss = = 1\nsave = true\n') }).at).toBe(join(folder, 's.toml:2'))
  expect(fault({ file: write('s.json', '{"model": "m",\n "loss" 1}') }).at).toBe(join(folder, 's.json:2'))
})

test('a wrong value from a variable or a flag names the variable or the flag', () => {
  const wanted = 'must be a number of at least 0: current value is'
  const messageOf = (sources: Parameters<typeof resolveConfig>[1]) => fault(sources).message
  expect(messageOf({ flags: { model: 'm' }, env: { HONE_LEARNING_RATE: 'x' } })).toBe(
    `HONE_LEARNING_RATE ${wanted} "x"`,
  )
  expect(messageOf({ flags: { model: 'm', learningRate: '' } })).toBe(`--learning-rate ${wanted} ""`)
  expect(messageOf({ flags: { model: 'm', learningRate: '-1' } })).toBe(`--learning-rate ${wanted} -1`)
  expect(fault({ flags: { model: 'm', loss: 'grop' } })).toMatchObject({
    message: '--loss must be one of grpo, gspo: current value is "grop"',
    hint: 'did you mean grpo?',
    at: undefined,
  })
})

test('a wrong setting is reported before a missing one', () => {
  expect(fault({ file: write('order.yaml', 'learningRate: fast\n') }).at).toBe(join(folder, 'order.yaml:1'))
})

test('a missing setting says the three ways to give it', () => {
  expect(fault({})).toMatchObject({
    message: 'Setting "model" is missing',
    hint: 'set it in the configuration file, as --model or as HONE_MODEL',
  })
})

test('all that is missing is told at once', () => {
  const three = v.object({ model: v.string(), data: v.string(), output: v.string(), seed: v.optional(v.number(), 0) })
  expect(() => resolveConfig(three, { flags: { model: 'm' } })).toThrow(
    expect.objectContaining({
      message: 'Settings "data" and "output" are missing',
      hint: 'set them in the configuration file, as --data and --output or as HONE_DATA and HONE_OUTPUT',
    }),
  )
  expect(() => resolveConfig(three, { usage: 'usage: hone it' })).toThrow('--model, --data and --output are missing')
})

test('where flags alone give the settings, a missing one is answered with how the command is used', () => {
  expect(fault({ usage: 'usage: hone it --model DIR' })).toMatchObject({
    message: '--model is missing',
    hint: 'usage: hone it --model DIR',
  })
})

test('a file that is absent, of another kind, or no mapping is refused', () => {
  expect(fault({ file: join(folder, 'absent.yaml') }).message).toContain('no such file or directory')
  expect(fault({ file: write('x.ini', '') }).message).toContain('its extension is none of')
  expect(fault({ file: write('list.yaml', '- a\n') }).message).toContain('not a mapping')
})

test('a byte order mark is no part of a configuration, and another encoding is named', () => {
  for (const [name, text] of [
    ['mark.json', '{"model": "m"}'],
    ['mark.yaml', 'model: m'],
    ['mark.toml', 'model = "m"'],
  ] as const)
    expect(resolveConfig(schema, { file: write(name, `\ufeff${text}`) }).value.model).toBe('m')
  writeFileSync(join(folder, 'wide.json'), Buffer.from('\ufeff{"model": "m"}', 'utf16le'))
  expect(fault({ file: join(folder, 'wide.json') }).message).toContain('it is UTF-16')
})

test('citty is given no defaults: below a flag stand the variable, the file and the preset', () => {
  const given = argumentsOf(leavesOf(schema))
  expect(given['learning-rate']).toEqual({ type: 'string' })
  expect(given['save']).toEqual({ type: 'boolean' })
  expect(given['sampling.top-k']).toEqual({ type: 'string' })
})

const shapes: [string, v.GenericSchema, string][] = [
  ['a number', v.number(), 'a number'],
  ['a limit', v.pipe(v.number(), v.minValue(1)), 'a number of at least 1'],
  ['a whole number', v.pipe(v.number(), v.safeInteger(), v.minValue(1)), 'an integer of at least 1'],
  ['a range', v.pipe(v.number(), v.minValue(0), v.maxValue(1)), 'a number from 0 to 1'],
  ['a most', v.pipe(v.number(), v.maxValue(1)), 'a number of at most 1'],
  [
    'an open limit',
    v.pipe(v.pipe(v.number(), v.minValue(0), v.maxValue(1)), v.gtValue(0)),
    'a number above 0 and at most 1',
  ],
  ['one of some', v.optional(v.nullable(v.picklist(['a', 'b'])), 'a'), 'one of a, b'],
  ['a list', v.optional(v.array(v.string()), []), 'a list'],
  ['a switch', v.optional(v.boolean(), false), 'true or false'],
]
test.each(shapes)('what %s must be is said in words', (_name, schema, words) => {
  expect(expected(leavesOf(schema)[0]!.shape)).toBe(words)
})

test('any number written in any format comes back as itself', () => {
  fc.assert(
    fc.property(
      fc.double({ min: 0, noNaN: true, noDefaultInfinity: true }),
      fc.constantFrom('.yaml', '.json'),
      (number, extension) => {
        const text = JSON.stringify({ model: 'm', learningRate: number })
        expect(resolveConfig(schema, { file: write(`n${extension}`, text) }).value.learningRate).toBe(
          number === 0 ? 0 : number,
        )
        expect(resolveConfig(schema, { flags: { model: 'm', learningRate: String(number) } }).value.learningRate).toBe(
          number === 0 ? 0 : number,
        )
      },
    ),
    { numRuns: 50 },
  )
})

function write(name: string, text: string): string {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}

function fault(sources: Parameters<typeof resolveConfig>[1]): HoneError {
  try {
    resolveConfig(schema, sources)
  } catch (error) {
    if (error instanceof HoneError) return error
    throw error
  }
  throw new Error('No fault was found')
}

test('a long file is answered too: with the line of its fault, or that it is too long for TOML', () => {
  const fault = (name: string, text: string) => {
    const path = write(name, text)
    try {
      readConfigFile(path)
      return undefined
    } catch (error) {
      return error instanceof HoneError ? { line: error.at?.slice(path.length), message: error.message } : error
    }
  }
  expect(fault('a.yaml', 'b: [\n' + 'a: 1\n'.repeat(50_000))).toMatchObject({ line: ':1' })
  expect(fault('b.yaml', Array.from({ length: 700 }, (_, i) => `k${i}: 1\n`).join('') + 'b: [\n')).toMatchObject({
    line: ':701',
  })
  expect(fault('c.toml', 'abcdefgh = 1\n'.repeat(30_000))).toMatchObject({
    message: expect.stringContaining('TOML of more than 256 Ki'),
  })
}, 60_000)
