// The calculator: constant arithmetic as Python writes and reckons it.
import { evaluate } from '../../text/python/arithmetic.ts'
import { str } from '../../text/python/repr.ts'
import { parseExpression } from '../../text/python/syntax.ts'
import type { Runner } from '../runner.ts'

export const calculator: Runner = {
  tool: {
    name: 'calculator',
    description: 'Evaluates an arithmetic expression with + - * / // % ** and parentheses.',
    parameters: {
      type: 'object',
      properties: { expression: { type: 'string', description: 'Such as (3 + 4) * 12' } },
      required: ['expression'],
    },
  },
  pure: true,
  run: ({ expression }) => Promise.resolve(str(evaluate(parseExpression(String(expression))))),
}
