// The list of contents, as a page.
import { markdownTable } from '../shell/table.ts'
import { pages } from './pages.ts'
import { references } from './references.ts'

/** Every page in its group, and the reference pages. */
export function contents(): string {
  const groups = [...Map.groupBy(pages, ({ group }) => group)]
  const listed = [...groups, ['Reference', references] as const].map(
    ([group, some]) =>
      `## ${group}\n\n${markdownTable(
        ['topic', 'about'],
        some.map(({ name, what }) => [`\`${name}\``, what]),
      ).join('\n')}`,
  )
  return [
    '# Manual of hone',
    '`hone help TOPIC` shows a page. A topic is one of these, a command (`hone help train`), or any name that the reference lists: a setting, a metric, a reward, a rule (`hone help HN304`).',
    ...listed,
  ].join('\n\n')
}
