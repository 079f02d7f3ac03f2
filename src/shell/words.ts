// Command lines for people to type: the words that start this program, and words as a shell reads them.

/** A command line of hone as it is typed in the user's shell. */
export function typed(...words: readonly string[]): string {
  return [...program(), ...words].map(quote).join(' ')
}

/** The words that start this program in the user's shell. */
function program(): string[] {
  const { execPath, env, argv } = process
  if (Bun.isStandaloneExecutable) return [Bun.which('hone') === execPath ? 'hone' : execPath]
  // npx puts its Bun on the path of this process alone.
  const bun = env['npm_command'] === 'exec' ? ['npx', 'bun'] : [Bun.which('bun') ? 'bun' : execPath]
  return [...bun, argv[1] ?? 'src/main.ts']
}

const quote = (word: string): string => (/^[\w./:@%+…-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`)
