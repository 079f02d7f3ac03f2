// A response to one BFCL row → verdict, as BFCL v4's evaluation runner reaches it.
import type { Json } from '../../text/json.ts'
import { PythonError, type Py } from '../../text/python/value.ts'
import { faulty, RIGHT, wrong, type Verdict } from '../verdict.ts'
import { categories, type CategoryName } from './categories.ts'
import { isWellFormed, MATCHING, type AstCase } from './checker.ts'
import { isUndecodable, type Decoder } from './decode.ts'

export interface BfclResponse {
  response: Json
  decoder: Decoder
  /** The model's configuration replaces the dots of function names by underscores. */
  underscoreToDot: boolean
}

/** @throws nothing: where the original crashes, the verdict carries the exception's name as fault. */
export function judge(
  category: CategoryName,
  row: AstCase,
  { response, decoder, underscoreToDot }: BfclResponse,
): Verdict {
  const { language, judged } = categories[category]
  if (judged === 'irrelevance' || judged === 'relevance') {
    const called = !decoder.blindToRelevance && holdsCall(response, decoder)
    if (called === (judged === 'relevance')) return RIGHT
    return wrong(called ? 'irrelevance_error:decoder_success' : 'relevance_error:decoder_failed')
  }
  const decoded = attempt(() => decoder.decode(response, language))
  if (decoded === undefined) return wrong('ast_decoder:decoder_failed')
  if (!isWellFormed(decoded)) return wrong('ast_decoder:decoder_wrong_output_format')
  try {
    const error = MATCHING[judged](decoded, row, { language, underscoreToDot })
    return error === null ? RIGHT : wrong(error)
  } catch (error) {
    if (error instanceof PythonError) return faulty(error.type)
    throw error
  }
}

/** Relevance is always decoded as Python. */
function holdsCall(response: Json, decoder: Decoder): boolean {
  const decoded = attempt(() => decoder.decode(response, 'python'))
  return decoded !== undefined && isWellFormed(decoded) && decoded.length > 0
}

function attempt(decode: () => Py): Py | undefined {
  try {
    return decode()
  } catch (error) {
    if (isUndecodable(error)) return undefined
    throw error
  }
}
