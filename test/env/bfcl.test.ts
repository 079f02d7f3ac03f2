// BFCL's multi-turn categories through the package's own environments: the program that stands beside this test.
import { afterAll, expect, test } from 'bun:test'
import { join } from 'node:path'
import { openEnvironment } from '../../src/env/open.ts'

/** A Python that has the package bfcl-eval. */
const python = process.env['HONE_BFCL_PYTHON']
const program = join(import.meta.dir, 'bfcl_multi_turn.py')
const settings = { env: null, tools: [], mcp: null, toolTimeout: 60, frame: null, maxToolCalls: null }
const code = { codeEngine: 'embedded', codeUrl: null, codeState: 'call' } as const
const environment = python
  ? await openEnvironment({ ...settings, ...code, envCmd: `'${python}' '${program}'` })
  : undefined
afterAll(() => environment?.close())

/** The right calls of multi_turn_base_0, turn by turn. */
const turns = [
  [
    ['cd', { folder: 'document' }],
    ['mkdir', { dir_name: 'temp' }],
    ['mv', { source: 'final_report.pdf', destination: 'temp' }],
  ],
  [
    ['cd', { folder: 'temp' }],
    ['grep', { file_name: 'final_report.pdf', pattern: 'budget analysis' }],
  ],
  [['sort', { file_name: 'final_report.pdf' }]],
  [
    ['cd', { folder: '..' }],
    ['mv', { source: 'previous_report.pdf', destination: 'temp' }],
    ['cd', { folder: 'temp' }],
    ['diff', { file_name1: 'final_report.pdf', file_name2: 'previous_report.pdf' }],
  ],
] as const

test.skipIf(!python)(
  'right calls are answered and judged right, one call fewer is judged wrong, side by side',
  async () => {
    const row = { id: 'multi_turn_base_0', source: 'bfcl', messages: [], tools: [], answer: [], meta: {} }
    const play = async (id: string, leftOut: string) => {
      const episode = await environment!.reset(row, {}, id)
      expect(episode.asked?.tools?.map(({ name }) => name)).toContain('diff')
      let last
      for (const turn of turns) {
        const calls = turn.map(([name, values]) => ({ name, arguments: { ...values } }))
        await episode.step({ text: '', calls: calls.filter(({ name }) => name !== leftOut), fault: null })
        last = await episode.step({ text: 'Done.', calls: [], fault: null })
      }
      return last
    }
    expect(await Promise.all([play('1', ''), play('2', 'diff')])).toMatchObject([
      { done: true, reward: 1 },
      { done: true, reward: 0 },
    ])
  },
  120_000,
)
