// Every other figure, for those who look for one.
import { useState } from 'preact/hooks'
import { questions } from '../../metrics.ts'
import { answering } from '../reading.ts'
import { Figure } from './figures.tsx'
import { drawn } from './lines.ts'
import { series } from './state.ts'

export function Details() {
  const [open, setOpen] = useState(false)
  const shown = drawn.value.flatMap(({ run }) => series.value[run] ?? [])
  const names = new Set(
    shown
      .flatMap((each) => [
        ...answering(each, 'health').filter(({ name }) => name.startsWith('eval/')),
        ...answering(each, 'detail'),
      ])
      .map(({ name }) => name),
  )
  if (names.size === 0) return null
  return (
    <details class="fold" onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
      <summary>
        {questions.detail.title} <span>{names.size} figures</span>
      </summary>
      {open && (
        <div class="charts">
          {[...names].map((name) => (
            <Figure key={name} name={name} height={110} banded />
          ))}
        </div>
      )}
    </details>
  )
}
