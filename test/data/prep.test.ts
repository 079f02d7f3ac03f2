// Preparation as a user calls it: real files, counts that add up, rejected rows with reasons.
import { afterAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { existsSync, linkSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { toRow } from '../../src/dialogue/row.ts'
import { parseJson } from '../../src/text/json.ts'
import { runHere } from '../here.ts'
import { sharedPath } from '../shared.ts'

setDefaultTimeout(120_000)
const folder = mkdtempSync(join(tmpdir(), 'hone-prep-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

async function hone(args: string[], input = ''): Promise<{ out: string; err: string; code: number }> {
  const { stdout, stderr, code } = await runHere(args, { cwd: folder, input })
  return { out: stdout, err: stderr, code }
}

const lines = (path: string): string[] => readFileSync(join(folder, path), 'utf8').split('\n').filter(Boolean)

const XLAM = {
  id: 7,
  query: 'Split the list and say the weather.',
  tools: JSON.stringify([
    {
      name: 'split_list',
      description: 'Splits.',
      parameters: {
        lst: { type: 'List[int]', description: 'l' },
        size: { type: 'int, optional', description: 's', default: 2 },
      },
    },
    { name: 'weather', description: 'Tells.', parameters: { city: { type: 'str', description: 'c' } } },
  ]),
  answers: JSON.stringify([{ name: 'split_list', arguments: { lst: [1, 2], size: 2 } }]),
}

describe('prep', () => {
  test('an xLAM row becomes a hone row with a JSON Schema, and says what was repaired', async () => {
    writeFileSync(join(folder, 'xlam.json'), JSON.stringify([XLAM]))
    const { out, err, code } = await hone(['prep', 'xlam.json', '-o', '-'])
    expect(code).toBe(0)
    const row = toRow(parseJson(out.trim()), 'row')
    expect(row.id).toBe('xlam-7')
    expect(row.tools[0]!.parameters).toEqual({
      type: 'object',
      properties: {
        lst: { type: 'array', items: { type: 'integer' }, description: 'l' },
        size: { type: 'integer', description: 's', default: 2 },
      },
      required: ['lst'],
    })
    expect(row.answer).toEqual([{ name: 'split_list', arguments: { lst: [1, 2], size: 2 } }])
    expect(err).toContain('read as xlam (1 of the first 1 rows)')
    expect(err).toContain('flat map of parameters wrapped')
  })

  test('list, lines, gzip, Zstandard and standard input give the same rows', async () => {
    const text = [XLAM, { ...XLAM, id: 8 }].map((row) => JSON.stringify(row)).join('\n')
    writeFileSync(join(folder, 'a.jsonl'), text)
    writeFileSync(join(folder, 'a.jsonl.gz'), gzipSync(text))
    writeFileSync(join(folder, 'a.jsonl.zst'), zstdCompressSync(text))
    writeFileSync(join(folder, 'a.json'), `[\n${text.replace('\n', ',\n')}\n]`)
    const plain = await hone(['prep', 'a.jsonl', '-o', '-'])
    expect(plain.out.trim().split('\n')).toHaveLength(2)
    for (const name of ['a.jsonl.gz', 'a.jsonl.zst', 'a.json'])
      expect((await hone(['prep', name, '-o', '-'])).out).toBe(plain.out)
    expect((await hone(['prep', '-', '-o', '-'], text)).out).toBe(plain.out)
  })

  test('bad rows go to the reject file with line and reason, good ones to the output, and every row is counted', async () => {
    const rows = [
      JSON.stringify(XLAM),
      '{"query": ',
      JSON.stringify({ ...XLAM, tools: '[' }),
      JSON.stringify({ ...XLAM, answers: '[{"name": "absent", "arguments": {}}]' }),
      '[1]',
    ]
    writeFileSync(join(folder, 'mixed.jsonl'), rows.join('\n'))
    const { err, code } = await hone(['prep', 'mixed.jsonl', '-o', 'out.jsonl', '--reject', 'bad.jsonl'])
    expect(code).toBe(0)
    expect(lines('out.jsonl')).toHaveLength(1)
    const rejected = lines('bad.jsonl').map((line) => JSON.parse(line))
    expect(rejected.map(({ line, reason }) => [line, reason])).toEqual([
      [2, 'malformed-json'],
      [3, 'bad-tools'],
      [4, 'absent-tool'],
      [5, 'not-an-object'],
    ])
    expect(rejected[0].text).toBe('{"query": ')
    expect(err).toMatch(/xlam\s+5\s+1\s+0\s+4\s+5\s+1/)
  })

  test('files are mixed by their weights to a limit, held out without a leak, and every number is told', async () => {
    const rows = (name: string, count: number) =>
      Array.from(
        { length: count },
        (_, id) => JSON.stringify({ ...XLAM, id, query: `${name} ${id >> 1}` }) + '\n',
      ).join('')
    writeFileSync(join(folder, 'ten.jsonl'), rows('ten', 10))
    writeFileSync(join(folder, 'forty.jsonl'), rows('forty', 40))
    const words = ['prep', '--mix', 'ten.jsonl:1,forty.jsonl:3', '--validation', 'held.jsonl']
    const { code, err } = await hone([...words, '--limit', '40', '--split', 'question', '-o', 'mix.jsonl'])
    expect(code).toBe(0)
    const questions = (path: string): string[] => lines(path).map((line) => JSON.parse(line).messages.at(-1).content)
    const [train, held] = [questions('mix.jsonl'), questions('held.jsonl')]
    expect([...train, ...held].filter((text) => text.startsWith('ten')).length).toBe(10)
    expect(train.length + held.length).toBe(40)
    expect(held.length).toBe(4)
    expect(held.filter((text) => train.includes(text))).toEqual([])
    expect(err).toMatch(/ten\.jsonl +1 +10 +10\nforty\.jsonl +3 +40 +30\n/)
    expect(err).toMatch(/held out: 4 of 40 rows \(10\.0 %\); \d+ groups by dialogue, question, the largest of \d+ rows/)
    const more = await hone([...words, '--limit', '44', '-o', 'more.jsonl'])
    expect(more).toMatchObject({
      code: 2,
      err: expect.stringMatching(/^.*ten\.jsonl: Cannot mix 44 rows.*\n\nhint: --limit 40/ms),
    })
    // They all offer the same tools.
    const leak = await hone([...words, '--split', 'question,tools', '-o', 'more.jsonl'])
    expect(leak).toMatchObject({ code: 2, err: expect.stringContaining('without a leak') })
    expect(existsSync(join(folder, 'more.jsonl'))).toBe(false)
    const few = await hone(['prep', 'forty.jsonl', '--limit', '7', '-o', '-'])
    expect(few.out.trim().split('\n').length).toBe(7)
  })

  test('lengths are counted in tokens where a tokenizer is given, and prompts beyond a limit are left out', async () => {
    const tokenizer = join(import.meta.dir, '../../fixtures/minicall/model')
    writeFileSync(
      join(folder, 'long.jsonl'),
      [XLAM, { ...XLAM, query: 'split '.repeat(400) }].map((row) => JSON.stringify(row)).join('\n'),
    )
    const { err, out } = await hone(['prep', 'long.jsonl', '--tokenizer', tokenizer, '--prompt', 'native', '-o', '-'])
    expect(out.trim().split('\n').length).toBe(2)
    expect(err).toMatch(/tokens +50 % +95 % +99 % +longest\nprompt +\d+ +\d+ +\d+ +\d+\nanswer +\d+ /)
    const cut = ['--tokenizer', tokenizer, '--prompt', 'native', '--max-tokens', '350']
    expect((await hone(['prep', 'long.jsonl', ...cut, '-o', '-'])).err).toContain('1  too-long')
    expect((await hone(['prep', 'long.jsonl', '--max-tokens', '9', '-o', '-'])).err).toContain(
      '--max-tokens N needs --tokenizer',
    )
  })

  test('an output that is an input or another output is refused before anything is written', async () => {
    const text = JSON.stringify(XLAM)
    writeFileSync(join(folder, 'own.jsonl'), text)
    symlinkSync(join(folder, 'own.jsonl'), join(folder, 'alias.jsonl'))
    linkSync(join(folder, 'own.jsonl'), join(folder, 'second.jsonl'))
    const flags = [
      ['-o', 'own.jsonl'],
      ['-o', './sub/../own.jsonl'],
      ['-o', 'alias.jsonl'],
      ['-o', 'second.jsonl'],
      ['-o', 'x.jsonl', '--reject', 'own.jsonl'],
      ['-o', 'x.jsonl', '--validation', 'own.jsonl'],
      ['-o', 'x.jsonl', '--reject', 'x.jsonl'],
    ]
    mkdirSync(join(folder, 'sub'))
    for (const each of flags) {
      const { code, err } = await hone(['prep', 'own.jsonl', ...each])
      expect({ each, code, told: /is (the input|also)/.test(err) }).toEqual({ each, code: 2, told: true })
    }
    expect(lines('own.jsonl')).toEqual([text])
    writeFileSync(join(folder, 'part.jsonl.tmp'), text)
    expect((await hone(['prep', 'part.jsonl.tmp', '-o', 'part.jsonl'])).code).toBe(2)
    expect(lines('part.jsonl.tmp')).toEqual([text])
    expect(existsSync(join(folder, 'x.jsonl'))).toBe(false)
    expect((await hone(['prep', 'own.jsonl', '-o', '/dev/null', '--reject', '/dev/null'])).code).toBe(0)
  })

  test('rows with bytes that are no UTF-8 are kept and counted', async () => {
    const [before, after] = JSON.stringify({ ...XLAM, query: 'Troms|?' }).split('|') as [string, string]
    const row = Buffer.concat([Buffer.from(before), Buffer.from([0xf8]), Buffer.from(after)])
    writeFileSync(join(folder, 'latin.jsonl'), row)
    const { code, out, err } = await hone(['prep', 'latin.jsonl', '-o', '-'])
    expect(code).toBe(0)
    expect(out).toContain('Troms\ufffd?')
    expect(err).toMatch(/1 {2}with bytes that are no UTF-8/)
  })

  test('objects over several lines, alone, one after another or around a list, are rows', async () => {
    const rows = [XLAM, { ...XLAM, id: 8 }]
    const pretty = rows.map((row) => JSON.stringify(row, null, 2))
    const texts = [
      pretty.join('\n'),
      pretty.join(',\n'),
      JSON.stringify({ data: rows }, null, 2),
      `{"rows": [\n${pretty}]}`,
    ]
    for (const text of texts) {
      writeFileSync(join(folder, 'several.json'), text)
      const { out } = await hone(['prep', 'several.json', '-o', '-'])
      expect(
        out
          .trim()
          .split('\n')
          .map((line) => JSON.parse(line).id),
      ).toEqual(['xlam-7', 'xlam-8'])
    }
  })

  test('where no row survives the exit code is 2, the reasons are kept and no output appears', async () => {
    writeFileSync(join(folder, 'none.jsonl'), JSON.stringify({ ...XLAM, tools: '[' }))
    const { err, code } = await hone(['prep', 'none.jsonl', '-o', 'none.out.jsonl', '--reject', 'none.bad.jsonl'])
    expect(code).toBe(2)
    expect(err).toContain('no row survived')
    expect(existsSync(join(folder, 'none.out.jsonl'))).toBe(false)
    expect(existsSync(join(folder, 'none.out.jsonl.tmp'))).toBe(false)
    expect(lines('none.bad.jsonl')).toHaveLength(1)
  })

  test('an unknown source, format, folder or file ends with 2 and the nearest name', async () => {
    for (const [args, hint] of [
      [['prep', 'a.jsonl', '--from', 'xlan', '-o', '-'], 'did you mean xlam?'],
      [['prep', 'a.jsonl', '--format', 'alpaka', '-o', '-'], 'did you mean alpaca?'],
      [['prep', 'absent.jsonl', '-o', '-'], 'no such file'],
      [['prep', 'a.jsonl', '-o', 'no/such/folder/x.jsonl'], 'Cannot write'],
      [['prep', 'a.jsonl', '-o', '-', '--mask', '2'], '--mask must be'],
      [['prep', 'a.jsonl', '-o', '-', '--compat', 'tool-n1'], '--from toolace --compat tool-n1'],
    ] as const) {
      const { err, code } = await hone([...args])
      expect(code).toBe(2)
      expect(err).toContain(hint)
    }
  })

  test('the same seed gives the same augmented rows and split, another seed others', async () => {
    const text = Array.from({ length: 60 }, (_, id) => JSON.stringify({ ...XLAM, id, query: `Question ${id}` })).join(
      '\n',
    )
    writeFileSync(join(folder, 'many.jsonl'), text)
    const run = async (seed: string) => {
      await hone([
        'prep',
        'many.jsonl',
        '-o',
        't.jsonl',
        '--validation',
        'v.jsonl',
        '--validation-ratio',
        '0.3',
        '--mask',
        '0.5',
        '--irrelevance',
        '0.5',
        '--seed',
        seed,
      ])
      return [lines('t.jsonl'), lines('v.jsonl')]
    }
    const [train, validation] = await run('1')
    expect(await run('1')).toEqual([train!, validation!])
    expect(await run('2')).not.toEqual([train!, validation!])
    const rows = [...train!, ...validation!].map((line) => JSON.parse(line))
    const masked = rows.filter(({ meta }) => meta.augmented === 'masked')
    const irrelevant = rows.filter(({ meta }) => meta.augmented === 'irrelevant')
    expect(masked.length).toBeGreaterThan(10)
    expect(irrelevant.length).toBeGreaterThan(10)
    expect(rows.length).toBe(60 + masked.length + irrelevant.length)
    for (const { tools, answer } of masked) {
      expect(tools.map(({ name }: { name: string }) => name)).toContain(answer[0].name)
      expect(
        Object.keys(tools.find(({ name }: { name: string }) => name === answer[0].name).parameters.properties),
      ).toEqual(Object.keys(answer[0].arguments))
    }
    for (const { tools, answer } of irrelevant) {
      expect(answer).toEqual([])
      expect(tools.map(({ name }: { name: string }) => name)).toEqual(['weather'])
    }
    // The rows that stem from one source row are all for training or all for validation.
    const sides = [train!, validation!].map((side) => new Set(side.map((line) => JSON.parse(line).meta.row)))
    expect([...sides[0]!].filter((row) => sides[1]!.has(row))).toEqual([])
  })
})

describe('prep on published data', () => {
  const toolace = sharedPath('data', 'toolace', 'sharegpt_func_fixed.json')
  const verdicts = sharedPath('verdicts', 'toolace_system_tools.jsonl.gz')
  test.skipIf(!toolace || !verdicts)("gives Tool-N1's tools for every ToolACE row, before its filters", async () => {
    const { out, code } = await hone(['prep', toolace!, '--from', 'toolace', '--compat', 'tool-n1', '-o', '-'])
    expect(code).toBe(0)
    const tools = new Map(
      out
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line))
        .map((row) => [row.meta.row, row.tools]),
    )
    const expected = new TextDecoder()
      .decode(Bun.gunzipSync(await Bun.file(verdicts!).bytes()))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(expected.length).toBeGreaterThan(50)
    for (const { index, tools: wanted } of expected)
      expect(JSON.stringify(tools.get(index))).toBe(JSON.stringify(wanted))
  })

  // Counts of SOURCE.md and of the data sets' own papers, not of hone.
  const files: [string[], string, number, number][] = [
    [['toolace', 'toolace_format_reconstructed.jsonl'], 'toolace', 98, 97],
    [['toolrl_rlla', 'rlla_sft.json'], 'toolrl', 400, 399],
    [['toolrl_rlla', 'test.parquet'], 'toolrl', 80, 79],
    [['hammer', 'test', 'original', 'toolalpaca.json'], 'hammer', 114, 108],
    [['hammer', 'test', 'original', 'apibank_l2.json'], 'hammer', 127, 121],
    [['bfcl_v4', 'BFCL_v4_live_multiple.json'], 'bfcl', 1053, 1053],
    [['apibank_toolrl', 'level-1-api_processed.json'], 'apibank', 399, 399],
    [['apibank_toolrl', 'level-2-api_processed.json'], 'apibank', 67, 61],
    [['acebench', 'data_all', 'data_en', 'data_normal_single_turn_parallel_function.json'], 'acebench', 100, 100],
    [['glaive', 'glaive_toolcall_en_demo.json'], 'sharegpt', 300, 153],
  ]
  for (const [parts, source, raw, used] of files) {
    const path = sharedPath('data', ...parts)
    test.skipIf(!path)(
      `recognises ${parts.join('/')} as ${source} and reads ${used} of its ${raw} rows into valid hone rows`,
      async () => {
        const { err, code } = await hone(['prep', path!, '-o', 'real.jsonl', '--reject', 'real.bad.jsonl'])
        expect(code).toBe(0)
        expect(err).toContain(`read as ${source}`)
        const rows = lines('real.jsonl').map((line, i) => toRow(parseJson(line), `row ${i + 1}`))
        const known = new Set(rows.map(({ meta }) => meta['row']))
        const rejected = new Set(lines('real.bad.jsonl').map((line) => JSON.parse(line).row))
        expect(known.size).toBe(used)
        expect(new Set([...known, ...rejected]).size).toBe(raw)
      },
    )
  }
})
