// Mazes drawn as text: # is a wall, S the start, G the goal; a move goes one cell, and the goal is worth 1.
import { HoneError } from '../error.ts'
import type { Episode, Observation } from '../rl/environment.ts'
import type { JsonObject } from '../text/json.ts'
import type { Tool } from '../dialogue/row.ts'

const MOVES: Record<string, readonly [number, number]> = { up: [-1, 0], down: [1, 0], left: [0, -1], right: [0, 1] }

export const moveTool: Tool = {
  name: 'move',
  description: 'Goes one cell in a direction. Walls and the border cannot be entered.',
  parameters: {
    type: 'object',
    properties: { direction: { type: 'string', enum: Object.keys(MOVES) } },
    required: ['direction'],
  },
}

/** An episode in the maze of the row, its column `maze`, at its start or elsewhere. @throws HoneError for a row without one. */
export function maze(row: JsonObject, at?: readonly [number, number]): Episode {
  const rows = typeof row['maze'] === 'string' ? row['maze'].trimEnd().split('\n') : []
  const start = placeOf(rows, 'S')
  const goal = placeOf(rows, 'G')
  if (!start || !goal)
    throw new HoneError('Cannot open the maze: the row has no column "maze" with a start S and a goal G', {
      hint: 'the column is lines of #, ., S and G',
    })
  let [r, c] = at ?? start
  const arrived = () => r === goal[0] && c === goal[1]
  return {
    step({ calls }): Promise<Observation> {
      if (calls.length === 0) return Promise.resolve({ messages: [], done: true, reward: 0 })
      const words = calls.map((call) => {
        const values = call.arguments
        const direction =
          typeof values === 'object' && values !== null && 'direction' in values ? values['direction'] : undefined
        const move =
          call.name === 'move' && typeof direction === 'string' && Object.hasOwn(MOVES, direction)
            ? MOVES[direction]
            : undefined
        if (!move) return 'Error: move takes a direction: up, down, left or right'
        const next = [r + move[0], c + move[1]] as const
        if ((rows[next[0]]?.[next[1]] ?? '#') === '#') return 'There is a wall.'
        ;[r, c] = next
        return arrived() ? 'You are at the goal.' : `You are in row ${r + 1}, column ${c + 1}.`
      })
      return Promise.resolve({
        messages: words.map((content) => ({ role: 'tool', content })),
        done: arrived(),
        reward: Number(arrived()),
        metrics: { moves: calls.length },
      })
    },
    fork: () => maze(row, [r, c]),
    close() {},
  }
}

function placeOf(rows: readonly string[], mark: string): readonly [number, number] | undefined {
  const r = rows.findIndex((row) => row.includes(mark))
  return r < 0 ? undefined : [r, rows[r]!.indexOf(mark)]
}
