// Tree-sitter's grammars of Java and JavaScript, with which BFCL reads calls. Loaded when the first row asks for one.
import javaGrammar from 'tree-sitter-java/tree-sitter-java.wasm' with { type: 'file' }
import javascriptGrammar from 'tree-sitter-javascript/tree-sitter-javascript.wasm' with { type: 'file' }
import type { Node, Parser } from 'web-tree-sitter'
import runtime from 'web-tree-sitter/tree-sitter.wasm' with { type: 'file' }

/** The source is not one that the original takes for calls. */
export class SourceError extends Error {}

const GRAMMARS = { java: javaGrammar, javascript: javascriptGrammar }
type Grammar = keyof typeof GRAMMARS

const parsers = new Map<string, Parser>()

/** Makes `readTree` able to read `language`; there is nothing to do for one without a grammar here. */
export async function loadGrammar(language: string): Promise<void> {
  if (isGrammar(language) && !parsers.has(language)) parsers.set(language, await open(language))
}

const isGrammar = (language: string): language is Grammar => Object.hasOwn(GRAMMARS, language)

async function open(language: Grammar): Promise<Parser> {
  const { Language, Parser } = await import('web-tree-sitter')
  await Parser.init({ wasmBinary: await Bun.file(runtime).bytes() })
  return new Parser().setLanguage(await Language.load(await Bun.file(GRAMMARS[language]).bytes()))
}

/** Longer sources are refused: tree-sitter's memory may grow with their square, and no right call comes near it. */
const LONGEST = 8192

/**
 * What `read` makes of the tree of a source; the tree is gone afterwards. @throws SourceError where it holds an error, which
 * a part that is missing is not.
 */
export function readTree<T>(language: Grammar, source: string, read: (root: Node) => T): T {
  const parser = parsers.get(language)
  if (!parser) throw new Error(`the grammar of ${language} is not loaded`)
  const tree = source.length > LONGEST ? null : parser.parse(source)
  if (!tree) throw new SourceError('too long')
  try {
    if (tree.rootNode.hasError && tree.rootNode.descendantsOfType('ERROR').length > 0)
      throw new SourceError(`no ${language}`)
    return read(tree.rootNode)
  } finally {
    tree.delete()
  }
}
