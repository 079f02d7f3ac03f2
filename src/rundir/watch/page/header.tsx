// What is shown, where it stands, and how: colours, smoothing.
import { duration } from '../../../shell/duration.ts'
import { standingOf } from '../reading.ts'
import { choose, runs, smoothing, theme, view } from './state.ts'

/** States in words. */
export const states = {
  empty: 'not begun',
  running: 'running',
  stopped: 'stopped',
  done: 'finished',
  interrupted: 'interrupted',
} as const

export function Header() {
  const going = runs.value.filter(({ state }) => state === 'running').length
  const [only] = runs.value
  return (
    <header>
      <div class="head">
        <h1>{view.name}</h1>
        <p class="meta">
          {runs.value.length === 1 && only ? (
            <Standing {...only} />
          ) : (
            <>
              {runs.value.length} runs{going > 0 && <span class="state running"> {going} running</span>}
            </>
          )}
          {(view.left ?? 0) > 0 && <span>completions of {view.left} early steps are not in this file</span>}
        </p>
      </div>
      <div class="tools">
        <label>
          <span>Smoothing</span>
          <input
            type="range"
            min="0"
            max="0.95"
            step="0.05"
            value={smoothing.value}
            aria-label="smoothing of curves"
            onInput={({ currentTarget }) => choose({ smooth: currentTarget.value })}
          />
        </label>
        <label>
          <span>Colours</span>
          <select
            aria-label="colours of the page"
            onChange={({ currentTarget }) => choose({ theme: currentTarget.value })}
          >
            {['', 'light', 'dark'].map((each) => (
              <option key={each} value={each} selected={(theme.value ?? '') === each}>
                {each || 'as the system'}
              </option>
            ))}
          </select>
        </label>
      </div>
    </header>
  )
}

function Standing({ state, events, record }: (typeof runs.value)[number]) {
  const { step, steps, left } = standingOf(events)
  const model = record.settings['model']
  return (
    <>
      <span class={`state ${state}`}>{states[state]}</span>
      <span>
        step {step}
        {steps !== undefined && ` of ${steps}`}
      </span>
      {state === 'running' && left !== undefined && <span>{duration(left)} left</span>}
      <span>
        hone {record.command} {record.version}
      </span>
      {typeof model === 'string' && <span title={model}>{model.split('/').slice(-3).join('/')}</span>}
      {steps !== undefined && state === 'running' && (
        <progress max={steps} value={step} aria-label={`step ${step} of ${steps}`} />
      )}
    </>
  )
}
