// hone parse: a row out for every row in, in order, numbers as Python spells them.
import { expect, test } from 'bun:test'
import { runHere } from '../here.ts'

const row = (text: string) => JSON.stringify({ text }) + '\n'

test('every row gives think, calls, rest and fault, in the order of the rows', async () => {
  const input =
    row('<think>t</think><tool_call>[{"name":"f","arguments":{"x":5.0,"y":1e400}}]</tool_call>') +
    row('é') +
    row('<tool_call>[{')
  const { code, stdout } = await runHere(['parse', '-', '--parser', 'tool-n1', '--format', 'ndjson'], { input })
  expect(code).toBe(0)
  expect(stdout.split('\n').slice(0, 2)).toEqual([
    '{"think": "t", "calls": [{"name": "f", "arguments": {"x": 5.0, "y": Infinity}}], "rest": "", "fault": null}',
    '{"think": null, "calls": [], "rest": "\\u00e9", "fault": null}',
  ])
  expect(JSON.parse(stdout.split('\n')[2]!)).toMatchObject({ calls: [], fault: expect.stringContaining('truncated') })
})

test('a completion is read by each of its names, the first that a row has', async () => {
  const call = (name: string) => `[${name}()]`
  const rows = [
    { completion: call('a'), text: call('b') },
    { text: call('b'), output: call('c') },
    { output: call('c'), response: call('d') },
    { response: call('d') },
  ]
  const input = rows.map((each) => JSON.stringify(each) + '\n').join('')
  const { stdout } = await runHere(['parse', '-', '--parser', 'pythonic'], { input })
  const names = stdout
    .trim()
    .split('\n')
    .map((line): string => JSON.parse(line).calls[0].name)
  expect(names).toEqual(['a', 'b', 'c', 'd'])
})

test('a row without text stops with its line, an unknown parser with the nearest name', async () => {
  const bad = await runHere(['parse', '-', '--parser', 'hermes'], { input: row('a') + '{"txt": 1}\n' })
  expect(bad.code).toBe(2)
  expect(bad.stderr).toContain('-:2: Cannot parse a row')
  const unknown = await runHere(['parse', '-', '--parser', 'hermez'], { input: '' })
  expect(unknown.code).toBe(2)
  expect(unknown.stderr).toContain('did you mean hermes?')
})
