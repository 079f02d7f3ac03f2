// The table of metrics: what can be asked of a name, and what its rows promise.
import { expect, test } from 'bun:test'
import { boundsOf, metricOf, metrics, rankOf } from '../../src/rundir/metrics.ts'

test('a name of a part or a set is found by its pattern, and an end of an interval is no metric', () => {
  expect(metricOf('rewards/tool_name/mean')).toMatchObject({
    name: 'rewards/tool_name/mean',
    title: 'Reward part: tool name',
  })
  expect(metricOf('exact_match')?.title).toBe('Held-out rows right')
  expect(metricOf('exact_match/test-seen')?.title).toBe('Right in test-seen')
  for (const name of ['exact_match/low', 'exact_match/test-seen/high', 'rewards//mean', 'mine'])
    expect(metricOf(name)).toBeUndefined()
  expect(rankOf('rewards/format/mean')).toBeLessThan(rankOf('kl'))
  expect(rankOf('mine')).toBe(metrics.length)
})

test('every metric with a band says what to do outside of it, or its row says nothing of health', () => {
  expect(new Set(metrics.map(({ name }) => name)).size).toBe(metrics.length)
  expect(metrics.filter(({ question, band, remedy }) => question === 'health' && !(band && remedy))).toEqual([])
})

test('a band of multiples follows the value that the run began with', () => {
  expect(boundsOf({ low: 0.5, high: 2, of: 'start' }, 60)).toEqual([30, 120])
  expect(boundsOf({ high: 0.1 }, 60)).toEqual([-Infinity, 0.1])
})
