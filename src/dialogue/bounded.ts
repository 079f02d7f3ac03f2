// An interpreter of templates that comes to an end: a model's folder is a stranger's, and a template is a program.
import { Interpreter, type Environment } from '@huggingface/jinja'

type Statement = Parameters<Interpreter['evaluate']>[0]
type Value = ReturnType<Interpreter['evaluate']>

/** Evaluations and turns of loops in one rendering, large values counted several times; long dialogues with many tools take some 10⁵. */
const STEPS = 1_000_000
/** Characters of one text, and members of one list. */
const TEXT = 2 ** 24
const MEMBERS = 2 ** 20
/** Values in one value that is written as text, and spaces of its indentation. */
export const WRITTEN = { values: 2 ** 21, indent: 100 }
/** As far as Jinja's sandbox counts (jinja2.sandbox.MAX_RANGE), in which transformers renders. */
export const MAX_RANGE = 100_000

/** @throws Error where a template goes on for too long or makes too large a value. */
export class Bounded extends Interpreter {
  private steps = 0
  /** What loops go over: each member is a turn. */
  private readonly looped = new WeakSet<object>()

  override evaluate(statement: Statement | undefined, environment: Environment): Value {
    if (statement && 'iterable' in statement) this.loop(statement.iterable)
    const result = super.evaluate(statement, environment)
    const { value } = result
    const [text, members] = [typeof value === 'string' ? value.length : 0, Array.isArray(value) ? value.length : 0]
    if (text > TEXT || members > MEMBERS) throw new Error('it makes too large a value')
    this.steps += 1 + text / 2 ** 14 + (statement && this.looped.has(statement) ? members : members / 2 ** 6)
    if (this.steps > STEPS) throw new Error('it goes on for too long')
    return result
  }

  /** `for … in iterable`, or `for … in lhs if …`. */
  private loop(iterable: unknown): void {
    if (typeof iterable !== 'object' || iterable === null) return
    this.looped.add('lhs' in iterable && typeof iterable.lhs === 'object' ? (iterable.lhs ?? iterable) : iterable)
  }
}
