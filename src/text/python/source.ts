// A syntax tree back to Python source, spelt as CPython 3.11's ast.unparse spells it.
import { repr } from './repr.ts'
import { PythonError, ELLIPSIS, type Py } from './value.ts'
import type { Comprehension, Node } from './node.ts'

/** Binding strength, from loose to tight; an operand looser than its place asks for is put in parentheses. */
const LEVELS = [
  'named',
  'tuple',
  'yield',
  'test',
  'or',
  'and',
  'not',
  'compare',
  '|',
  '^',
  '&',
  'shift',
  'arithmetic',
  'term',
  'factor',
  'power',
  'await',
  'atom',
] as const
type Level = (typeof LEVELS)[number]

const OPERATOR_LEVEL: Record<string, Level> = {
  '|': '|',
  '^': '^',
  '&': '&',
  '<<': 'shift',
  '>>': 'shift',
  '+': 'arithmetic',
  '-': 'arithmetic',
  '*': 'term',
  '@': 'term',
  '/': 'term',
  '%': 'term',
  '//': 'term',
  '**': 'power',
}

/** `ast.unparse(node)`. @throws PythonError NotImplementedError for an f-string, whose parts are not parsed. */
export function unparse(node: Node): string {
  return write(node, 'test')
}

function write(node: Node, level: Level): string {
  const wrap = (own: Level, text: string) => (LEVELS.indexOf(level) > LEVELS.indexOf(own) ? `(${text})` : text)
  switch (node.kind) {
    case 'Constant':
      return (node.unicode ? 'u' : '') + constant(node.value)
    case 'JoinedStr':
      throw new PythonError('NotImplementedError', 'an f-string inside an evaluated expression')
    case 'Name':
      return node.id
    case 'Attribute': {
      // `1.real` would be a malformed number; True counts as an int.
      const isInt = node.value.kind === 'Constant' && /^(\d+|True|False)$/.test(constant(node.value.value))
      return `${write(node.value, 'atom')}${isInt ? ' ' : ''}.${node.name}`
    }
    case 'Call': {
      const keywords = node.keywords.map(({ name, value }) =>
        name === null ? `**${unparse(value)}` : `${name}=${unparse(value)}`,
      )
      return `${write(node.func, 'atom')}(${[...node.args.map(unparse), ...keywords].join(', ')})`
    }
    case 'Subscript': {
      const { index } = node
      const inner = index.kind === 'Tuple' && index.items.length > 0 ? items(index.items) : unparse(index)
      return `${write(node.value, 'atom')}[${inner}]`
    }
    case 'Slice':
      return `${maybe(node.lower)}:${maybe(node.upper)}${node.step ? `:${unparse(node.step)}` : ''}`
    case 'List':
      return `[${node.items.map(unparse).join(', ')}]`
    case 'Tuple':
      return node.items.length === 0 ? '()' : wrap('tuple', items(node.items))
    case 'Set':
      return node.items.length > 0 ? `{${node.items.map(unparse).join(', ')}}` : '{*()}'
    case 'Dict':
      return `{${node.entries.map(({ key, value }) => (key ? `${unparse(key)}: ${unparse(value)}` : `**${write(value, '|')}`)).join(', ')}}`
    case 'UnaryOp':
      return node.operator === 'not'
        ? wrap('not', `not ${write(node.operand, 'not')}`)
        : wrap('factor', node.operator + write(node.operand, 'factor'))
    case 'BinOp': {
      const own = OPERATOR_LEVEL[node.operator] ?? 'atom'
      const [left, right] = own === 'power' ? [tighter(own), own] : [own, tighter(own)]
      return wrap(own, `${write(node.left, left)} ${node.operator} ${write(node.right, right)}`)
    }
    case 'BoolOp': {
      // ast.unparse asks each further operand to bind one level tighter than the one before.
      const texts = node.values.map((value, i) => write(value, tighter(node.operator, i + 1)))
      return wrap(node.operator, texts.join(` ${node.operator} `))
    }
    case 'Compare':
      return wrap(
        'compare',
        [
          write(node.left, tighter('compare')),
          ...node.comparators.map((value, i) => `${node.operators[i]} ${write(value, tighter('compare'))}`),
        ].join(' '),
      )
    case 'IfExp':
      return wrap('test', `${write(node.body, 'or')} if ${write(node.test, 'or')} else ${write(node.orelse, 'test')}`)
    case 'Lambda': {
      const parameters = node.parameters.map(
        ({ prefix, name, fallback }) => `${prefix}${name}${fallback ? `=${unparse(fallback)}` : ''}`,
      )
      return wrap(
        'test',
        `lambda${parameters.length > 0 ? ' ' : ''}${parameters.join(', ')}: ${write(node.body, 'test')}`,
      )
    }
    case 'ListComp':
      return `[${unparse(node.element)}${generators(node.generators)}]`
    case 'SetComp':
      return `{${unparse(node.element)}${generators(node.generators)}}`
    case 'GeneratorExp':
      return `(${unparse(node.element)}${generators(node.generators)})`
    case 'DictComp':
      return `{${unparse(node.key)}: ${unparse(node.element)}${generators(node.generators)}}`
    case 'NamedExpr':
      return wrap('named', `${node.target} := ${write(node.value, 'atom')}`)
    case 'Starred':
      return `*${write(node.value, '|')}`
    case 'Await':
      return wrap('await', `await ${write(node.value, 'atom')}`)
    case 'YieldFrom':
      return wrap('yield', `yield from ${write(node.value, 'atom')}`)
    case 'Yield':
      return wrap('yield', node.value ? `yield ${write(node.value, 'atom')}` : 'yield')
  }
}

function tighter(level: Level, steps = 1): Level {
  return LEVELS[Math.min(LEVELS.indexOf(level) + steps, LEVELS.length - 1)] ?? 'atom'
}

function maybe(node: Node | null): string {
  return node ? unparse(node) : ''
}

function items(nodes: Node[]): string {
  return nodes.length === 1 ? `${unparse(nodes[0]!)},` : nodes.map(unparse).join(', ')
}

function generators(list: Comprehension[]): string {
  return list
    .map(({ async, target, iter, conditions }) => {
      const tests = conditions.map((test) => ` if ${write(test, 'or')}`).join('')
      return `${async ? ' async' : ''} for ${write(target, 'tuple')} in ${write(iter, 'or')}${tests}`
    })
    .join('')
}

/** An infinite float reads back as a literal that overflows. */
function constant(value: Py): string {
  return value === ELLIPSIS ? '...' : typeof value === 'string' ? repr(value) : repr(value).replaceAll('inf', '1e309')
}
