// A group as a card: what was asked with which tools, what is right, and each completion with why it earned what it did.
import { useEffect, useState } from 'preact/hooks'
import { spell } from '../reading.ts'
import type { Card, Completion, Difference, Mark } from '../view.ts'
import type { Found } from './filters.ts'
import { cardAt, type Where } from './source.ts'
import { choose } from './state.ts'
import { Tokens } from './tokens.tsx'

const number = (value: number) => spell(value, 'number')
const signed = (value: number) => `${value > 0 ? '+' : value < 0 ? '−' : ''}${number(Math.abs(value))}`

export function GroupCard({ where, found, open }: { where: Where; found: Found; open: number | undefined }) {
  const { group, place, marks } = found
  const [card, setCard] = useState<Card>()
  useEffect(() => {
    let gone = false
    void cardAt(where, group, place).then((each) => gone || setCard(each))
    return () => (gone = true)
  }, [])
  const right = group.marks.filter((each) => each.right).length
  const asked = card?.messages.findLast(({ role }) => role === 'user')?.content
  const question = asked ?? group.question
  return (
    <article class="card" aria-label={`group ${group.id}`}>
      <div class="ask">
        <Long text={question || group.id} />
        <p class="meta">
          <code>{group.id}</code>
          {group.set !== undefined && <span>{group.set}</span>}
          {group.marks.length > 1 && (
            <>
              <span>
                reward {number(group.mean)} ± {number(group.deviation)}
              </span>
              <span>
                {right} of {group.marks.length} right
              </span>
            </>
          )}
        </p>
      </div>
      {group.marks.length > 1 && <Strip marks={group.marks} />}
      {card && <Asked card={card} />}
      <ol class="completions">
        {alike(marks, card).map(({ mark, completion, count, indexes }) => (
          <Row
            key={mark.index}
            where={where}
            mark={mark}
            completion={completion}
            count={count}
            open={open !== undefined && indexes.includes(open)}
          />
        ))}
      </ol>
      {marks.length < group.marks.length && (
        <p class="count">{group.marks.length - marks.length} others are filtered out</p>
      )}
    </article>
  )
}

/** Completions of one text that earn the same as one, with their number; the first stands for all. */
function alike(marks: readonly Mark[], card: Card | undefined) {
  const rows = marks.map((mark) => ({ mark, completion: card?.completions.find(({ index }) => index === mark.index) }))
  const same = Map.groupBy(rows, ({ mark, completion }) =>
    completion
      ? JSON.stringify([mark.reward, mark.advantage, completion.stop, completion.turns.map(({ text }) => text)])
      : mark.index,
  )
  return [...same.values()].map((each) => ({
    ...each[0]!,
    count: each.length,
    indexes: each.map(({ mark }) => mark.index),
  }))
}

/** A text of which the first lines are shown until more is asked for. */
function Long({ text }: { text: string }) {
  const [open, setOpen] = useState(false)
  const long = text.length > 280 || text.split('\n').length > 3
  return (
    <div>
      <h3 class={long && !open ? 'clamped' : ''}>{text}</h3>
      {long && (
        <button type="button" class="plain" aria-expanded={open} onClick={() => setOpen(!open)}>
          {open ? 'less' : 'all of it'}
        </button>
      )}
    </div>
  )
}

/** The rewards of a group as bars, on one scale. */
function Strip({ marks }: { marks: readonly Mark[] }) {
  const rewards = marks.map(({ reward }) => reward)
  const low = Math.min(0, ...rewards)
  const span = Math.max(1, ...rewards) - low
  return (
    <div class="strip" role="img" aria-label={`rewards ${rewards.map(number).join(', ')}`}>
      {marks.map(({ index, reward, right }) => (
        <i
          key={index}
          class={right ? 'right' : ''}
          style={{ height: `${Math.max(6, (100 * (reward - low)) / span)}%` }}
        />
      ))}
    </div>
  )
}

function Asked({ card: { messages, tools, expected } }: { card: Card }) {
  return (
    <dl class="asked">
      <dt>Expected</dt>
      <dd>
        {expected.length === 0 ? (
          <span class="soft">no call</span>
        ) : (
          expected.map((each) => (
            <code key={each} class="call">
              {each}
            </code>
          ))
        )}
      </dd>
      {tools.length > 0 && (
        <>
          <dt>Tools</dt>
          <dd>
            {tools.map(({ name, description, parameters }) => (
              <details key={name} class="tool">
                <summary>{name}</summary>
                <p>{description}</p>
                <pre>{JSON.stringify(parameters, null, 2)}</pre>
              </details>
            ))}
          </dd>
        </>
      )}
      {messages.length > 1 && (
        <>
          <dt>Dialogue</dt>
          <dd>
            <details class="tool">
              <summary>{messages.length} messages</summary>
              {messages.map(({ role, content }, i) => (
                <div class="turn" key={i}>
                  <b>{role}</b>
                  <pre>{content}</pre>
                </div>
              ))}
            </details>
          </dd>
        </>
      )}
    </dl>
  )
}

interface RowProps {
  where: Where
  mark: Mark
  completion: Completion | undefined
  /** Completions that are the same. */
  count: number
  open: boolean
}

/** A completion in a line, and beneath it, once it is opened, all that is known of it. */
function Row({ where, mark, completion, count, open }: RowProps) {
  const { index, reward, advantage, right, truncated, fault, tokens } = mark
  const text = completion?.turns.find(({ role }) => role === 'assistant')?.text ?? ''
  return (
    <li class={right ? 'right' : ''}>
      <button
        type="button"
        class="row"
        aria-expanded={open}
        onClick={() => choose({ open: open ? undefined : index, step: where.step })}
      >
        <span class="number reward">{number(reward)}</span>
        <span class="number advantage">{advantage === null ? '' : signed(advantage)}</span>
        <span class="text">{text.slice(0, 400).replace(/\s+/g, ' ')}</span>
        <span class="marks">
          {count > 1 && <b>{count} ×</b>}
          {truncated && <em>truncated</em>}
          {fault && <em>fault</em>}
          {completion && completion.turns.length > 1 && <em class="soft">{completion.turns.length} turns</em>}
          <small>{tokens} tok</small>
        </span>
      </button>
      {open && completion && <Opened where={where} mark={mark} completion={completion} />}
    </li>
  )
}

function Opened({ where, mark, completion }: Pick<RowProps, 'where' | 'mark'> & { completion: Completion }) {
  const { parts, reasons, fault, stop, differences = [], turns, score } = completion
  return (
    <div class="opened">
      <p class="facts">
        <span>
          score <b>{number(score)}</b>
        </span>
        {mark.reward !== score && (
          <span>
            reward <b>{number(mark.reward)}</b>
          </span>
        )}
        {mark.advantage !== null && (
          <span>
            advantage <b>{signed(mark.advantage)}</b>
          </span>
        )}
        {Object.entries(parts ?? {}).map(([name, value]) => (
          <span key={name}>
            {name} <b>{value === null ? 'n/a' : number(value)}</b>
          </span>
        ))}
        <span>
          ended <b>{stop.replaceAll('_', ' ') || 'unknown'}</b>
        </span>
        {fault && (
          <span class="bad">
            fault <b>{fault}</b>
          </span>
        )}
      </p>
      {reasons.length > 0 && <p class="reasons">{reasons.join('; ')}</p>}
      {differences.length > 0 && <Differences differences={differences} />}
      <Tokens where={where} index={mark.index} turns={turns} />
    </div>
  )
}

function Differences({ differences }: { differences: readonly Difference[] }) {
  return (
    <ul class="differences">
      {differences.map(({ expected, given, defects }, i) =>
        expected === undefined ? (
          <li key={i} class="bad">
            <b>not expected</b> <code>{given}</code>
          </li>
        ) : given === undefined ? (
          <li key={i} class="bad">
            <b>missing</b> <code>{expected}</code>
          </li>
        ) : defects.length === 0 ? (
          <li key={i} class="good">
            <b>right</b> <code>{given}</code>
          </li>
        ) : (
          <li key={i} class="bad">
            <b>expected</b> <code>{expected}</code>
            <br />
            <b>got</b> <code>{given}</code>
            {defects.map((each) => (
              <span key={each} class="defect">
                {each}
              </span>
            ))}
          </li>
        ),
      )}
    </ul>
  )
}
