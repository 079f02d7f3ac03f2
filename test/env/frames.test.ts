// Frames of published systems: calls in running text, where it stops for them, what is put in, and plans with their evidence.
import { expect, test } from 'bun:test'
import { gather, playPlan, readPlan, solverLog } from '../../src/env/frames/plan.ts'
import { frames } from '../../src/env/frames/table.ts'
import { episodeIn } from '../../src/env/frames/play.ts'
import { openEnvironment } from '../../src/env/open.ts'
import type { Runner } from '../../src/env/runner.ts'
import vectors from '../../fixtures/golden/rewoo-plan.json'

const said = (text: string) => ({ text, calls: [], fault: null })
/** A tool that tells what it was asked, fails on `bad`, and prints what `print:` asks for. */
const echo = (name: string, argument: string): Runner => ({
  tool: { name, description: '', parameters: { type: 'object', properties: {}, required: [argument] } },
  run(values) {
    const text = String(values[argument])
    if (text.trim() === 'bad') throw new Error('Traceback\n  line 1\nValueError: no')
    const [, printed] = /^print:(\d+)$/.exec(text.trim()) ?? []
    return Promise.resolve(printed === undefined ? `<${text.trim()}>` : 'y'.repeat(Number(printed)))
  },
})
const runners = [echo('code_interpreter', 'code'), echo('search', 'query'), echo('calculator', 'expression')]
const begin = (name: keyof typeof frames, most: number | null = null) =>
  episodeIn(frames[name], runners, (text) => Number(text.includes('42')), most)

test('ReTool: the last fence within the tags is run, and its output is put in with the first and last 200 characters', async () => {
  const episode = begin('retool')
  expect(episode.stops!()).toEqual(['</code>'])
  const ran = await episode.step(said('first <code>\n```python\na\n```\nor\n```python\nb\n```\n</code>'))
  expect(ran).toMatchObject({ inserted: '\n<interpreter>\n<b>\n</interpreter>\n\n', done: false })
  const long = await episode.step(said('<code>```python\nprint:500\n```</code>'))
  expect(long.inserted).toBe(`\n<interpreter>\n${'y'.repeat(200)}...${'y'.repeat(200)}\n</interpreter>\n\n`)
  const whole = await episode.step(said('<code>```python\nprint:400\n```</code>'))
  expect(whole.inserted).toContain('y'.repeat(400))
  const wrong = await episode.step(said('<code>```python\nbad\n```</code>'))
  expect(wrong).toMatchObject({
    inserted: '\n<interpreter>\nValueError: no\n</interpreter>\n\n',
    metrics: { tool_calls: 1, tool_errors: 1 },
  })
  expect(wrong.fault).toBeUndefined()
  const end = await episode.step(said('<answer>\\boxed{42}</answer>'))
  expect(end).toMatchObject({ done: true, reward: 1 })
  // What is judged is all that was said, with what was put in.
  expect(end.answer).toStartWith('first <code>')
  expect(end.answer).toContain('<interpreter>\n<b>\n</interpreter>')
})

test('ToRL: one call where the model opens an output block, after which it writes on and stops no more', async () => {
  const episode = begin('torl')
  const ran = await episode.step(said('So\n```python\nprint:300\n```\n```output'))
  expect(ran.inserted).toBe(`\n${'y'.repeat(128)}...${'y'.repeat(128)}\n\`\`\`\n`)
  expect(episode.stops!()).toEqual([])
  expect(await episode.step(said('and ```output is mine'))).toMatchObject({ done: true })
  // The line that opens the output closes a block, as in the published code; without a block it goes on.
  const open = begin('torl')
  expect(await open.step(said('a\n```output'))).toMatchObject({ inserted: '', done: false })
  expect(open.stops!()).toEqual(['```output'])
})

test('START: a block runs when it is closed, six times at most', async () => {
  const episode = begin('start')
  const ran = await episode.step(said('Wait\n```python\na\n```\n'))
  expect(ran.inserted).toBe('```output\n<a>\n```\n')
  for (let i = 1; i < 6; i++) await episode.step(said('```python\na\n```\n'))
  expect(episode.stops!()).toEqual([])
})

test('Tool-Star and ARPO: the last whole call counts, whichever tool it is, three in all', async () => {
  for (const name of ['tool-star', 'arpo'] as const) {
    const episode = begin(name)
    expect((await episode.step(said('<python>a</python> then <search>who</search>'))).inserted).toBe(
      ' <result>\n<who>\n</result>',
    )
    await episode.step(said('<search>b</search>'))
    await episode.step(said('<python>c</python>'))
    expect(await episode.step(said('<search>d</search>'))).toMatchObject({ done: true, stop: 'max_tool_calls' })
  }
})

test('an episode whose tools keep no state forks: each goes on by itself', async () => {
  const pure = runners.map((runner) => ({ ...runner, pure: true }))
  const episode = episodeIn(frames.arpo, pure, () => undefined, 2)
  await episode.step(said('a <search>x</search>'))
  const other = episode.fork!()
  await episode.step(said('b <search>y</search>'))
  expect(await episode.step(said('<search>z</search>'))).toMatchObject({ stop: 'max_tool_calls' })
  expect(await other.step(said('<search>z</search>'))).toMatchObject({ inserted: ' <result>\n<z>\n</result>' })
  expect((await other.step(said('c'))).answer).toBe(
    'a <search>x</search> <result>\n<x>\n</result><search>z</search> <result>\n<z>\n</result>c',
  )
  expect(begin('arpo').fork).toBeUndefined()
})

test('the settings may allow fewer calls than a system does', async () => {
  const episode = begin('retool', 1)
  await episode.step(said('<code>```python\na\n```</code>'))
  expect(await episode.step(said('<code>```python\na\n```</code>'))).toMatchObject({ stop: 'max_tool_calls' })
})

/** Workers as the vectors' were: W, L and C around what they are asked. */
const worker = (tool: string, input: string) => {
  const letter = { Wikipedia: 'W', LLM: 'L', Calculator: 'C' }[tool]
  return Promise.resolve(letter && `${letter}<${input}>`)
}
for (const each of vectors.cases)
  test(`ReWOO: a plan is read and carried out as the published code does (${each.id})`, async () => {
    const plan = readPlan(each.plan_text, frames.rewoo)
    // Where the published code raises, what is wrong is said.
    if (each.raises !== undefined) return expect(plan).toHaveProperty('fault')
    if ('fault' in plan) throw new Error(plan.fault)
    expect(plan.steps).toEqual(each.plans!)
    expect(Object.fromEntries(plan.calls)).toEqual(Object(each.planner))
    const evidence = await gather(plan, worker, frames.rewoo.none)
    expect(Object.fromEntries(evidence)).toEqual(Object(each.worker))
    expect(solverLog(plan, evidence, frames.rewoo)).toBe(each.solver_log!)
  })

test('ReWOO: the evidence comes in one message, and the answer is judged', async () => {
  const episode = playPlan(frames.rewoo, runners, (text) => Number(text === '42'))
  const given = await episode.step(said('Plan: find\n#E1 = Search[who]\nPlan: reckon\n#E2 = Calculator[#E1+1]\n'))
  expect(given).toMatchObject({ done: false, metrics: { tool_calls: 2, tool_errors: 0 } })
  expect(given.messages).toEqual([
    {
      role: 'user',
      content: `Plan: find\nEvidence:\n<who>\nPlan: reckon\nEvidence:\n<[<who>]+1>\n${frames.rewoo.then}`,
    },
  ])
  expect(await episode.step(said('42'))).toMatchObject({ done: true, reward: 1 })
  const broken = playPlan(frames.rewoo, runners, () => 1)
  expect(await broken.step(said('#E1 Search[who]'))).toMatchObject({ done: true, stop: 'parse_error', reward: 0 })
})

test('a frame is chosen by the settings or by a row, and in one no tools are offered', async () => {
  const settings = { env: 'calculator', envCmd: null, tools: [], mcp: null, toolTimeout: 5, maxToolCalls: null }
  const code = { codeEngine: 'embedded', codeUrl: null, codeState: 'call' } as const
  const environment = (await openEnvironment({ ...settings, ...code, frame: null }))!
  const row = { id: 'a', source: 'test', messages: [], tools: [], answer: [], meta: {} }
  expect(environment.tools({}).length).toBe(1)
  expect(environment.tools({ frame: 'rewoo' })).toEqual([])
  const episode = await environment.reset(row, { frame: 'rewoo', ground_truth: '6' }, '1')
  const given = await episode.step(said('Plan: a\n#E1 = Calculator[2*3]'))
  expect(given.messages[0]!.content).toContain('Evidence:\n6\n')
  expect(() => environment.tools({ frame: 'nowhere' })).toThrow('nowhere')
  await expect(openEnvironment({ ...settings, ...code, frame: 'toolstar' })).rejects.toThrow('toolstar')
  environment.close()
})
