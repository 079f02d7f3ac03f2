// What a server has done and is doing, in the text form of Prometheus.

const BUCKETS = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300]

interface Histogram {
  counts: number[]
  sum: number
  count: number
}

/** The state of a server that is counted. */
export interface Metrics {
  running: number
  /** Path and status → requests answered. */
  requests: Map<string, number>
  /** Requests whose client went away. */
  gone: number
  promptTokens: number
  generatedTokens: number
  /** Seconds from a request to its first text, and to its end. */
  firstText: Histogram
  whole: Histogram
}

const histogram = (): Histogram => ({ counts: BUCKETS.map(() => 0), sum: 0, count: 0 })

export const newMetrics = (): Metrics => ({
  running: 0,
  requests: new Map(),
  gone: 0,
  promptTokens: 0,
  generatedTokens: 0,
  firstText: histogram(),
  whole: histogram(),
})

export function observe(histogram: Histogram, seconds: number): void {
  const bucket = BUCKETS.findIndex((most) => seconds <= most)
  if (bucket >= 0) histogram.counts[bucket]!++
  histogram.sum += seconds
  histogram.count++
}

export function countRequest({ requests }: Metrics, path: string, status: number): void {
  const labels = `path="${path}",status="${status}"`
  requests.set(labels, (requests.get(labels) ?? 0) + 1)
}

/** All of it, and the memory of the process in bytes. */
export function metricsText(metrics: Metrics, residentBytes: number): string {
  const family = (name: string, type: string, help: string, lines: string[]) => [
    `# HELP ${name} ${help}`,
    `# TYPE ${name} ${type}`,
    ...lines,
  ]
  const single = (name: string, type: string, help: string, value: number) =>
    family(name, type, help, [`${name} ${value}`])
  const spread = (name: string, help: string, { counts, sum, count }: Histogram) => {
    let below = 0
    const buckets = BUCKETS.map((most, i) => `${name}_bucket{le="${most}"} ${(below += counts[i]!)}`)
    return family(name, 'histogram', help, [
      ...buckets,
      `${name}_bucket{le="+Inf"} ${count}`,
      `${name}_sum ${sum}`,
      `${name}_count ${count}`,
    ])
  }
  const requests = [...metrics.requests].map(([labels, count]) => `hone_requests_total{${labels}} ${count}`)
  return [
    ...family('hone_requests_total', 'counter', 'Requests answered.', requests),
    ...single('hone_requests_running', 'gauge', 'Requests being answered or waiting.', metrics.running),
    ...single('hone_clients_gone_total', 'counter', 'Requests whose client went away before the end.', metrics.gone),
    ...single('hone_prompt_tokens_total', 'counter', 'Tokens of prompts.', metrics.promptTokens),
    ...single('hone_generated_tokens_total', 'counter', 'Tokens written.', metrics.generatedTokens),
    ...spread('hone_first_text_seconds', 'Seconds from a request to its first text.', metrics.firstText),
    ...spread('hone_request_seconds', 'Seconds from a request to the end of its answer.', metrics.whole),
    ...single('process_resident_memory_bytes', 'gauge', 'Resident memory.', residentBytes),
    '',
  ].join('\n')
}
