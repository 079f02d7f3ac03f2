// What an environment is to the loop: it answers what a model writes, turn by turn, until an episode is over.
import type { Call } from '../dialogue/call/format.ts'
import type { Asked } from '../dialogue/prompt/form.ts'
import type { HoneRow, Message, Tool } from '../dialogue/row.ts'
import type { JsonObject } from '../text/json.ts'
import type { Stop } from './record.ts'

/** A turn of the model, as its call format reads it. */
export interface Said {
  /** The turn word for word, with the thought that the prompt opened, without the token that ended it. */
  text: string
  calls: readonly Call[]
  /** What is malformed in it. */
  fault: string | null
}

export interface Observation {
  /** What the model reads before it goes on: results of tools, words of a user. */
  messages: readonly (Message & { role: 'tool' | 'user' })[]
  /** Where it goes on in the model's own message: what is put there word for word, in place of the messages. */
  inserted?: string
  /** All that was said so far, where the reward judges that in place of the last turn. */
  answer?: string
  /** The episode is over. */
  done: boolean
  /** Why, where it is not that all is said. */
  stop?: Stop
  /** Of this turn. */
  reward?: number
  /** Of this turn; over an episode they are summed. */
  metrics?: Readonly<Record<string, number>>
  /** What went wrong outside the model: told to it in `messages`, and counted. */
  fault?: string
}

export interface Episode {
  /** What the row is asked in place of its own messages and tools, where they follow from the episode. */
  asked?: Partial<Asked>
  /** Strings at which the model's next turn ends, beside those of the settings. */
  stops?(): readonly string[]
  /** May reject: the episode then ends with a fault, never the run. */
  step(said: Said): Promise<Observation>
  /** A second episode that stands where this one does. Without it, a new one is told all that this one was. */
  fork?(): Episode
  close(): void
}

export interface Environment {
  /** Tools that the row is offered beside its own. @throws HoneError for a row that it cannot take. */
  tools(json: JsonObject): readonly Tool[]
  /** Begins an episode. Several run at once; `id` is theirs alone. */
  reset(row: HoneRow, json: JsonObject, id: string): Promise<Episode>
  close(): void
}

/** Where an episode ends whatever the environment says. */
export interface EpisodeLimits {
  /** Turns of the model. */
  maxTurns: number
  maxToolCalls: number | null
  /** Tokens of one message of the environment; longer ones lose their middle. */
  toolResultTokens: number
  /** Seconds that an episode may take. */
  rolloutTimeout: number | null
}
