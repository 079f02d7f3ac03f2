// JavaScript source → BFCL's decoded calls: the first statement that is a call, its named arguments as source text.
import { Dict, type Py } from '../../text/python/value.ts'
import { readTree } from './grammar.ts'
import { setOnce } from './java-calls.ts'
import { unquoted } from './javascript-value.ts'

/** Decoded calls [{name: {argument: text}}], or null where no statement is a call. @throws SourceError where the original refuses it. */
export function decodeJavascriptCalls(source: string): Py {
  return readTree('javascript', source, (root) => {
    const statements = root.children.filter((child) => child!.type === 'expression_statement')
    const call = statements.flatMap((each) => each!.children).find((child) => child!.type === 'call_expression')
    if (!call) return null
    const named = new Dict()
    const [callee, given] = call.children
    for (const item of given!.children) {
      if (item!.type === 'assignment_expression')
        setOnce(named, item!.children[0]!.text, unquoted(item!.children[2]!.text))
      else if (item!.type === 'identifier' || item!.type === 'true') setOnce(named, null, item!.text)
    }
    return [new Dict([[callee!.text, named]])]
  })
}
