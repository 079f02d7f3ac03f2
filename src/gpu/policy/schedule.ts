// The schedule of a session: what waits is let in as the budget allows, what runs is fed pass by pass, what ends leaves at once.
import type { Draft } from './draft.ts'
import type { Engine } from './engine.ts'
import { keep } from './keep.ts'
import type { Lanes, Place } from './lanes.ts'
import type { Crowd, Seat, Seats } from './seats.ts'
import { BLOCK, heldOf, type Match, type Sequence, sequenceIndex, startOf } from './sequence.ts'
import type { Turn } from './slot.ts'
import { costOf, grouped } from './turns.ts'
import { copyBeginning, layOut, plan, type Family, type Unit } from './units.ts'

/** A sequence that is being written; without a turn, a prompt that others go on from. */
export interface Row {
  sequence: Sequence
  turn?: Turn
  /** What was written in this turn. */
  ids: number[]
  logprobs: number[]
  draft?: Draft
  /** Where it writes, while it has one. */
  seat?: Seat
}

/** Lanes that are fed together. */
export interface Running extends Unit<Row> {
  /** Of prompts: the groups that go on from them. */
  groups?: Turn[][]
}

export interface Schedule {
  add(turn: Turn): void
  /** Lays out what is to run now. */
  arrange(): Running[]
  /** Everything that waits or runs. */
  turns(): Turn[]
  /** What may take seats at once, as far as the budget lets it in. */
  crowd(): Crowd
  free(): void
}

/** Given tokens beyond this many are fed apart from sequences that write. */
const FEW = 8
/** Units beyond which those that would fit are laid side by side. */
const MANY = 6

export const isLive = (row: Row | undefined): row is Row =>
  row !== undefined && (row.turn ? !row.turn.over : heldOf(row.sequence) < row.sequence.tokens.length)

/** `remember`: what ended is kept, while there is room, for those whose prompts begin with it. */
export function schedule(engine: Engine, budget: number, remember: boolean, seats: Seats | undefined): Schedule {
  let waiting: Turn[] = []
  /** Something changed since what waits was last asked for its room. */
  let changed = false
  let units: Running[] = []
  const kept = keep(engine, budget, remember, () =>
    units.flatMap(({ lanes, shared }) => (shared ? [lanes, shared] : [lanes])),
  )
  /** Who remembers nothing extends nothing. */
  const how = { extended: remember }
  const lay = (some: readonly Family<Row>[]) => plan(engine, some, (each) => each, how)
  const mostOf = (row: Row): number =>
    row.turn
      ? row.turn.ids.length - startOf(row.sequence) + row.turn.sampling.maxNewTokens - 1
      : row.sequence.tokens.length

  // ** what runs **

  /** A kept sequence in lanes of its own, with its parent where that lies alone. */
  function apart(sequence: Sequence): void {
    if (sequence.lanes.count === 1 && (sequence.parent?.lanes.count ?? 1) === 1) return
    const whole = sequence.parent && sequence.parent.lanes.count > 1
    const start = whole ? 0 : startOf(sequence)
    const target = { lanes: kept.open(1, Math.max(1, heldOf(sequence) - start)), lane: 0 }
    copyBeginning(engine, sequence, [start, heldOf(sequence)], target)
    Object.assign(sequence, target, whole && { parent: undefined })
  }

  /** What ended leaves: at once where few are left beside it, otherwise with others. Of many units those that fit are laid side by side, and the others stay. */
  function settle(): void {
    units = units.flatMap((unit) => {
      const live = unit.rows.filter(isLive)
      if (unit.groups) return live.length > 0 ? [unit] : begin(unit)
      if (live.length > 0 && 4 * live.length > 3 * unit.rows.length) return [unit]
      return again([unit])
    })
    if (units.length <= MANY) return
    const writing = units.filter(({ groups }) => !groups)
    const beside = plan(engine, writing, families, how)
    if (beside.length === writing.length) return
    const laid = beside.flatMap((some) => (some.length > 1 ? again(some, [families(some)]) : some))
    units = [...units.filter(({ groups }) => groups), ...laid]
  }

  const families = (some: readonly Running[]): Family<Row>[] => {
    const byParent = new Map<Sequence, Row[]>()
    const alone: Family<Row>[] = []
    for (const row of some.flatMap(({ rows }) => rows).filter(isLive)) {
      const { parent, tokens } = row.sequence
      if (parent) byParent.set(parent, [...(byParent.get(parent) ?? []), row])
      else alone.push({ shares: false, rows: [row], length: tokens.length })
    }
    return [
      ...alone,
      ...[...byParent].map(([parent, rows]) => ({ parent, shares: true, rows, length: parent.tokens.length })),
    ]
  }

  /** Their live rows laid out anew. What rests among them moves away. Lanes are freed as soon as the last row has left them: not all lie there twice. */
  function again(some: readonly Running[], batches = lay(families(some))): Running[] {
    const left = new Set(some.map(({ lanes }) => lanes))
    for (const sequence of kept.sequences()) if (left.has(sequence.lanes)) apart(sequence)
    const rows = some.flatMap((unit) => unit.rows.filter(isLive))
    return batches.map((batch) => {
      const unit = layOut(engine, kept.open, batch, mostOf)
      const used = new Set(rows.map(({ sequence }) => sequence.lanes))
      for (const lanes of left.difference(used)) {
        kept.drop(lanes)
        left.delete(lanes)
      }
      return unit
    })
  }

  /** Prompts are there: their groups go on. */
  function begin(prompts: Running): Running[] {
    const parents = prompts.rows.map((row) => row!.sequence)
    for (const parent of parents) kept.add(parent, undefined)
    const batch = prompts.groups!.map((turns, n): Family<Row> => {
      const parent = parents[n]!
      const rows = turns.filter(({ over }) => !over).map((turn) => rowOf(turn, parent))
      return { parent, shares: true, rows, length: parent.tokens.length }
    })
    return lay(batch.filter(({ rows }) => rows.length > 0)).map((some) => layOut(engine, kept.open, some, mostOf))
  }

  /** Nothing of it is held yet but its parent: it gets lanes when it is laid out. */
  const rowOf = (turn: Turn, parent?: Sequence): Row => ({
    sequence: { tokens: [...turn.ids], lanes: NONE, lane: 0, parent },
    turn,
    ids: [],
    logprobs: [],
  })

  /** A row leaves its seat; what it wrote there comes along where it may be asked for. */
  function rise(row: Row, isKept: boolean): void {
    if (!row.seat) return
    if (isKept) seats!.give(row.seat, row.sequence)
    seats!.leave(row.seat)
    delete row.seat
  }

  const running = (): Turn[] =>
    units.flatMap(({ rows, groups = [] }) => [...rows.flatMap((row) => row?.turn ?? []), ...groups.flat()])

  // ** what waits **

  /** Lets in what fits. A prompt that begins as another one that is being read waits for it. */
  function admit(): void {
    if (waiting.length === 0 || (!changed && units.length > 0)) return
    changed = false
    const index = sequenceIndex()
    for (const { rows } of units) for (const row of rows) if (isLive(row)) index.add(row.sequence)
    for (const sequence of [...kept.sequences()].reverse()) index.add(sequence)
    const fresh: { turns: Turn[]; match: Match | undefined }[] = []
    const later: Turn[] = []
    let asked = 0
    let full = false
    for (const turns of grouped(waiting, budget)) {
      const match: Match | undefined = full ? undefined : index.find(turns[0]!.ids)
      if (full || (match && match.length - heldOf(match.sequence) > BLOCK && isRead(match.sequence))) {
        later.push(...turns)
        changed ||= !full
        continue
      }
      if (match) kept.touch(match.sequence)
      const held: number = turns.length === 1 && match && rests(match, turns[0]!) ? match.length : 0
      const tokens: number = costOf(turns) - held
      full = !kept.makeRoom(asked + tokens) && (units.length > 0 || fresh.length > 0)
      if (full) {
        later.push(...turns)
        continue
      }
      if (held > 0 && match && kept.ended(match.sequence)) {
        resume(turns[0]!, match.sequence)
        continue
      }
      asked += tokens
      fresh.push({ turns, match })
      index.add({ tokens: [...turns[0]!.ids], lanes: NONE, lane: 0 })
    }
    waiting = later
    open(fresh)
  }
  /** It is being read now, so that waiting for it ends. */
  const isRead = ({ lanes, lane }: Sequence): boolean =>
    lanes === NONE || units.some((unit) => unit.lanes === lanes && isLive(unit.rows[lane]))

  /** A turn that ended here, all of which is the beginning of a longer one. */
  const rests = ({ sequence, length }: Match, { ids }: Turn): boolean =>
    kept.ended(sequence) && length >= heldOf(sequence) && ids.length > heldOf(sequence)

  /** Goes on where a sequence rests. */
  function resume(turn: Turn, sequence: Sequence): void {
    kept.take(sequence)
    const row: Row = { sequence, turn, ids: [], logprobs: [] }
    sequence.tokens = [...turn.ids]
    const unit = units.find(({ lanes }) => lanes === sequence.lanes)
    if (unit && (unit.rows.length === 1 || turn.ids.length - heldOf(sequence) <= FEW)) unit.rows[sequence.lane] = row
    else {
      apart(sequence)
      units.push({ lanes: sequence.lanes, shared: sequence.parent?.lanes, rows: [row] })
    }
    sequence.lanes.most = Math.max(sequence.lanes.most, mostOf(row))
  }

  function open(fresh: readonly { turns: Turn[]; match: Match | undefined }[]): void {
    const groups = new Map<Row, Turn[]>()
    const matches = new Map<Row, Match>()
    for (const { turns, match } of fresh) {
      const shares = turns.length > 1 && turns[0]!.ids.length > 1
      for (const turn of shares ? turns.slice(0, 1) : turns) {
        const row = rowOf(turn)
        if (shares) {
          delete row.turn
          row.sequence.tokens.pop()
          groups.set(row, turns)
        } else groups.set(row, [])
        if (match) matches.set(row, match)
      }
    }
    // Groups of like size beside each other.
    for (const rows of Map.groupBy(groups.keys(), (row) => groups.get(row)!.length).values()) {
      const shares = groups.get(rows[0]!)!.length > 0
      for (const batch of lay(rows.map((row) => ({ shares, rows: [row], length: row.sequence.tokens.length })))) {
        const unit: Running = layOut(engine, kept.open, batch, mostOf)
        unit.rows.forEach((row, lane) => recall(row!, matches.get(row!), { lanes: unit.lanes, lane }))
        if (shares) unit.groups = unit.rows.map((row) => groups.get(row!)!)
        units.push(unit)
      }
    }
  }
  /** What is held of the beginning. The last token before the writing is always read: what follows is drawn from it. */
  function recall({ sequence, turn }: Row, match: Match | undefined, target: Place): void {
    const source = match?.sequence
    if (!source || !kept.holds(source)) return
    const length = Math.min(match.length, heldOf(source), sequence.tokens.length - (turn ? 1 : 0))
    copyBeginning(engine, source, [0, length], target)
  }

  return {
    add(turn) {
      waiting.push(turn)
      changed = true
    },
    arrange() {
      for (const { rows } of units)
        rows.forEach((row, lane) => {
          if (!row?.turn?.over) return
          changed = true
          rise(row, kept.add(row.sequence, row.turn))
          delete rows[lane]
        })
      waiting = waiting.filter(({ over }) => !over)
      settle()
      admit()
      kept.sweep()
      return units
    },
    turns: () => [...waiting, ...running()],
    crowd() {
      const crowd = { rows: 0, places: 0 }
      let tokens = 0
      for (const turns of grouped([...running(), ...waiting], budget)) {
        tokens += costOf(turns)
        if (tokens > budget && crowd.rows > 0) break
        for (const places of turns.map(seats!.placesOf).filter((places) => places > 0)) {
          crowd.rows++
          crowd.places = Math.max(crowd.places, places)
        }
      }
      return crowd
    },
    free() {
      for (const { rows } of units) for (const row of rows) if (row) rise(row, false)
      waiting = []
      units = []
      kept.clear()
    },
  }
}

/** What is laid out next has no lanes yet. */
const NONE: Lanes = { count: 1, most: 0, lengths: [0], traced: [[]], capacity: 0, keys: [], values: [] }
