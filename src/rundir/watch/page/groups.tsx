// What it writes: the completions of a step by their prompts, a card each, as many as a page holds.
import { useEffect, useState } from 'preact/hooks'
import type { Group } from '../view.ts'
import { GroupCard } from './card.tsx'
import { Section } from './figures.tsx'
import { countOf, filters, find, orders } from './filters.ts'
import { groupsAt, type Where } from './source.ts'
import { address, choose, folder, held, pinned, run, runs, step, steps } from './state.ts'
import { colourings } from './tokens.tsx'

/** Cards of a page. */
const PAGE = 10

export function Groups() {
  const where: Where | undefined =
    step.value === undefined ? undefined : { run: run.value, folder: folder.value, step: step.value }
  const name = JSON.stringify(where)
  const [shown, setShown] = useState<{ name: string; where: Where; groups: Group[] }>()
  useEffect(() => {
    let gone = false
    if (where) void groupsAt(where).then((groups) => gone || setShown({ name, where, groups }))
    return () => (gone = true)
  }, [name])
  const any = runs.value.some(({ kept }) => kept.rollouts.length + kept.evals.length > 0)
  if (!any) return null
  return (
    <Section id="groups" title="What does it write?">
      <Choice />
      {/* What was shown stays until the next is there: nothing jumps. */}
      {shown && <Cards where={shown.where} groups={shown.groups} loading={shown.name !== name} />}
    </Section>
  )
}

/** Which run, which rows, which step. */
function Choice() {
  const { rollouts = [], evals = [] } = runs.value[run.value]?.kept ?? {}
  const all = steps.value
  const now = step.value
  const at = all.indexOf(now ?? -1)
  const newest = all.at(-1)
  const following = pinned.value === undefined && held.value === undefined
  const go = (to: number | undefined) => {
    held.value = undefined
    choose({ step: to, open: undefined, page: undefined })
  }
  return (
    <div class="choice">
      {runs.value.length > 1 && (
        <select
          aria-label="run"
          onChange={({ currentTarget }) => choose({ run: currentTarget.value, open: undefined, page: undefined })}
        >
          {runs.value.map(({ name }, i) => (
            <option key={i} value={i} selected={i === run.value}>
              {name}
            </option>
          ))}
        </select>
      )}
      {rollouts.length > 0 && evals.length > 0 && (
        <span role="group" aria-label="rows">
          {(['rollouts', 'evals'] as const).map((each) => (
            <button
              key={each}
              type="button"
              aria-pressed={folder.value === each}
              onClick={() => choose({ in: each, open: undefined, page: undefined })}
            >
              {each === 'rollouts' ? 'Trained on' : 'Held-out'}
            </button>
          ))}
        </span>
      )}
      {now !== undefined && (
        <span class="steps" role="group" aria-label="step">
          <button type="button" aria-label="step before" disabled={at <= 0} onClick={() => go(all[at - 1])}>
            ‹
          </button>
          <label>
            step{' '}
            <input
              id="step"
              type="number"
              value={now}
              min={all[0]}
              max={all.at(-1)}
              onChange={({ currentTarget }) => go(currentTarget.value === '' ? undefined : Number(currentTarget.value))}
            />
          </label>
          <button
            type="button"
            aria-label="step after"
            disabled={at < 0 || at >= all.length - 1}
            onClick={() => go(all[at + 1])}
          >
            ›
          </button>
          <input
            class="scrub"
            type="range"
            aria-label="step"
            aria-valuetext={`step ${now}`}
            min="0"
            max={all.length - 1}
            value={at}
            onChange={({ currentTarget }) => go(all[Number(currentTarget.value)])}
          />
          <button type="button" aria-pressed={following} onClick={() => go(undefined)}>
            Newest{!following && newest !== now && `: ${newest}`}
          </button>
        </span>
      )}
    </div>
  )
}

function Cards({ where, groups, loading }: { where: Where; groups: Group[]; loading: boolean }) {
  const list = (address.value.get('only') ?? '').split(',').filter(Boolean)
  const order = address.value.get('order') ?? 'trained'
  const words = address.value.get('find') ?? ''
  const found = find(groups, { chosen: list, words, order })
  const opened = address.value.get('open')
  const open = opened === null ? undefined : Number(opened)
  // An address that opens a completion leads to its page.
  const holder = open === undefined ? -1 : found.findIndex(({ marks }) => marks.some(({ index }) => index === open))
  const pages = Math.max(1, Math.ceil(found.length / PAGE))
  const asked = address.value.get('page')
  const page = Math.min(
    pages - 1,
    Math.max(0, asked === null && holder >= 0 ? Math.floor(holder / PAGE) : Number(asked ?? 1) - 1),
  )
  const count = (list: readonly { marks: readonly unknown[] }[]) =>
    list.reduce((sum, { marks }) => sum + marks.length, 0)
  const go = (to: number) => {
    choose({ page: to + 1, open: undefined })
    document.querySelector('#groups')?.scrollIntoView()
  }
  return (
    <div aria-busy={loading}>
      <div class="filters">
        <span role="group" aria-label="show only">
          {Object.entries(filters).map(([name, filter]) => {
            const count = countOf(groups, filter)
            const pressed = list.includes(name)
            return (
              <button
                key={name}
                type="button"
                class="chip"
                aria-pressed={pressed}
                disabled={count === 0 && !pressed}
                onClick={() =>
                  choose({
                    only: (pressed ? list.filter((each) => each !== name) : [...list, name]).join() || undefined,
                    page: undefined,
                    open: undefined,
                  })
                }
              >
                {filter.title} <small>{count}</small>
              </button>
            )
          })}
        </span>
        <input
          type="search"
          placeholder="Find a question"
          aria-label="find a question or an id"
          value={words}
          onInput={({ currentTarget }) => choose({ find: currentTarget.value, page: undefined, open: undefined })}
        />
        <select
          aria-label="order"
          onChange={({ currentTarget }) => choose({ order: currentTarget.value, page: undefined })}
        >
          {Object.entries(orders).map(([name, { title }]) => (
            <option key={name} value={name} selected={name === order}>
              {title}
            </option>
          ))}
        </select>
        <select
          id="by"
          aria-label="colours of tokens"
          onChange={({ currentTarget }) => choose({ by: currentTarget.value })}
        >
          {Object.entries(colourings).map(([name, { title }]) => (
            <option key={name} value={name} selected={name === (address.value.get('by') ?? 'logprob')}>
              tokens by {title}
            </option>
          ))}
        </select>
      </div>
      <p class="count" role="status">
        {part(found.length, groups.length)} {where.folder === 'evals' ? 'rows' : 'groups'}
        {where.folder === 'rollouts' && `, ${part(count(found), count(groups))} completions`}
        {pages > 1 && `, page ${page + 1} of ${pages}`}
      </p>
      <div class="cards">
        {found.slice(page * PAGE, (page + 1) * PAGE).map((each) => (
          <GroupCard
            key={`${where.run} ${where.folder} ${where.step} ${each.place}`}
            where={where}
            found={each}
            open={open}
          />
        ))}
      </div>
      {found.length === 0 && <p class="count">No group is like that.</p>}
      {pages > 1 && (
        <nav class="choice pager" aria-label="pages of groups">
          <button type="button" disabled={page === 0} onClick={() => go(page - 1)}>
            ‹ Before
          </button>
          <label>
            page{' '}
            <input
              type="number"
              min="1"
              max={pages}
              value={page + 1}
              onChange={({ currentTarget }) => go(Number(currentTarget.value) - 1)}
            />{' '}
            of {pages}
          </label>
          <button type="button" disabled={page === pages - 1} onClick={() => go(page + 1)}>
            Next ›
          </button>
        </nav>
      )}
    </div>
  )
}

const part = (some: number, all: number): string => (some === all ? `${all}` : `${some} of ${all}`)
