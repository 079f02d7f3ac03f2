// Where requests go: to the models of the server, or to a session of its own address, whose exchanges are kept.
import type { JsonObject } from '../text/json.ts'
import type { Exchange } from './exchange.ts'
import type { Models } from './models.ts'
import { Refusal } from './refusal.ts'

export interface Space {
  models: Models
  /** The exchange of a request, as this space wants it done. @throws Refusal for a body that it cannot take */
  exchange(given: Exchange, path: string, body: JsonObject): Exchange
}

/** Sessions by their id; their addresses are /sessions/ID/v1/…. */
export type Sessions = Pick<ReadonlyMap<string, Space>, 'get'>

/** The space of a path, and the path within it. @throws Refusal where the session is unknown or over. */
export function spaceOf(path: string, usual: Space, sessions: Sessions | undefined): { space: Space; within: string } {
  const [, id, rest] = /^\/sessions\/([^/]+)(\/.*)$/.exec(path) ?? []
  if (id === undefined || rest === undefined || !sessions) return { space: usual, within: path }
  const space = sessions.get(id)
  if (!space) throw new Refusal(404, `There is no session ${id}, or it is over`)
  return { space, within: rest }
}

export const usualSpace = (models: Models): Space => ({ models, exchange: (given) => given })
