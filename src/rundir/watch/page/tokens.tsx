// A completion token by token, coloured by what is known of each; what was given to the model is set apart.
import { useEffect, useState } from 'preact/hooks'
import type { Detail, Spoken } from '../view.ts'
import { tokensAt, type Where } from './source.ts'
import { address } from './state.ts'

/** What colours a token: its value, and how much of the colour it gets. */
interface Colouring {
  title: string
  of(detail: Detail, t: number): number | null | undefined
  share(value: number): number
}

export const colourings: Record<string, Colouring> = {
  logprob: { title: 'log-prob', of: ({ logprobs }, t) => logprobs[t], share: (value) => -value / 4 },
  kl: { title: 'distance from the reference', of: ({ kl }, t) => kl?.[t], share: Math.abs },
  entropy: { title: 'entropy', of: ({ entropies }, t) => entropies?.[t], share: (value) => value / 2 },
  none: { title: 'nothing', of: () => undefined, share: () => 0 },
}

export function Tokens({ where, index, turns }: { where: Where; index: number; turns: readonly Spoken[] }) {
  const [detail, setDetail] = useState<Detail | null>()
  useEffect(() => {
    let gone = false
    void tokensAt(where, index).then((each) => gone || setDetail(each ?? null))
    return () => (gone = true)
  }, [])
  if (detail === undefined) return null
  if (detail === null)
    return (
      <>
        <p class="count">Tokens cannot be shown: the tokenizer of the model is not at hand.</p>
        {turns.map(({ role, text }, i) => (
          <div key={i} class="turn">
            {turns.length > 1 && <b>{role}</b>}
            <pre>{text}</pre>
          </div>
        ))}
      </>
    )
  return (
    <>
      {stretchesOf(detail, turns).map(({ from, to, role, reward }) => (
        <div key={from} class={`turn ${role === 'assistant' ? '' : 'given'}`}>
          {turns.length > 1 && (
            <b>
              {role}
              {reward !== undefined && ` · reward ${reward}`}
            </b>
          )}
          <div class="tokens">
            {detail.tokens.slice(from, to).map((text, i) => (
              <Token key={i} detail={detail} t={from + i} text={text} />
            ))}
          </div>
        </div>
      ))}
      {detail.prompt && (
        <details class="tool">
          <summary>the prompt as the model read it</summary>
          <pre>{detail.prompt}</pre>
        </details>
      )}
    </>
  )
}

/** Turns as stretches of tokens; one stretch where the completion is one turn. */
function stretchesOf({ tokens }: Detail, turns: readonly Spoken[]) {
  if (turns.length <= 1) return [{ role: 'assistant', from: 0, to: tokens.length, reward: undefined }]
  return turns.map(({ role, reward, from = 0, to = tokens.length }) => ({ role, reward, from, to }))
}

function Token({ detail, t, text }: { detail: Detail; t: number; text: string }) {
  const { logprobs, kl, entropies, trained } = detail
  if (trained[t] === 0)
    return (
      <span class="given" title="given, not trained on">
        {text}
      </span>
    )
  const { of, share } = colourings[address.value.get('by') ?? 'logprob'] ?? colourings['logprob']!
  const value = of(detail, t)
  const known = { logprob: logprobs[t], kl: kl?.[t], entropy: entropies?.[t] }
  const title = Object.entries(known).flatMap(([name, each]) =>
    typeof each === 'number' ? [`${name} ${each.toFixed(3)}`] : [],
  )
  const coloured = typeof value === 'number' ? { '--share': Math.min(1, Math.max(0, share(value))).toFixed(3) } : {}
  return (
    <span title={title.join('  ')} style={coloured}>
      {text}
    </span>
  )
}
