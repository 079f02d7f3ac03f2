// What the runs say of themselves in words, and what they were asked to do.
import { drawn } from './lines.ts'
import { runs } from './state.ts'

export function Notes() {
  const notes = drawn.value.flatMap(({ run, name }) =>
    (runs.value[run]?.events ?? []).flatMap((event) => (event.type === 'note' ? [{ ...event, name }] : [])),
  )
  if (notes.length === 0) return null
  const loud = notes.filter((note) => note.loud).length
  return (
    <details class="fold">
      <summary>
        Notes <span>{loud > 0 ? `${loud} of ${notes.length} are warnings` : notes.length}</span>
      </summary>
      <table>
        <tbody>
          {notes.map(({ step, text, loud, name }, i) => (
            <tr key={i} class={loud ? 'loud' : ''}>
              {drawn.value.length > 1 && <td>{name}</td>}
              <td class="number">step {step}</td>
              <td>{text}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </details>
  )
}

/** Settings that were said come first; of several runs those in which they differ. */
export function Settings() {
  const records = drawn.value.flatMap(({ run, name }) => (runs.value[run] ? [{ name, ...runs.value[run].record }] : []))
  const [first] = records
  if (!first) return null
  const keys = [...new Set(records.flatMap(({ settings }) => Object.keys(settings)))]
  const write = (value: unknown) => (typeof value === 'string' ? value : (JSON.stringify(value) ?? ''))
  const several = records.length > 1
  const differing = keys.filter((key) => new Set(records.map(({ settings }) => write(settings[key]))).size > 1)
  const said = keys.filter((key) => records.some(({ origins }) => origins[key] !== 'default'))
  const ordered = several
    ? [...differing, ...said.filter((key) => !differing.includes(key))]
    : [...said, ...keys.filter((key) => !said.includes(key))]
  return (
    <details class="fold">
      <summary>
        Settings <span>{several ? `${differing.length} differ` : `${said.length} of ${keys.length} were chosen`}</span>
      </summary>
      <div class="scroll" role="region" aria-label="settings" tabIndex={0}>
        <table>
          <thead>
            <tr>
              <th scope="col">Setting</th>
              {records.map(({ name }) => (
                <th scope="col" key={name}>
                  {several ? name : 'Value'}
                </th>
              ))}
              {!several && <th scope="col">From</th>}
            </tr>
          </thead>
          <tbody>
            {ordered.map((key) => (
              <tr
                key={key}
                class={
                  several ? (differing.includes(key) ? '' : 'soft') : first.origins[key] === 'default' ? 'soft' : ''
                }
              >
                <th scope="row">{key}</th>
                {records.map(({ name, settings }) => (
                  <td key={name}>{write(settings[key])}</td>
                ))}
                {!several && <td>{first.origins[key]}</td>}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </details>
  )
}
