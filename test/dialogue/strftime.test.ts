// Dates in chat templates, held against what Python's strftime wrote in the C locale.
import { expect, test } from 'bun:test'
import { strftime } from '../../src/dialogue/strftime.ts'

const date = new Date('2024-07-05T03:04:05')

test('a date is written as Python writes it', () => {
  const written = {
    '%d %b %Y': '05 Jul 2024',
    '%-d %A %j': '5 Friday 187',
    '%c': 'Fri Jul  5 03:04:05 2024',
    '%x %X %D %h %e': '07/05/24 03:04:05 07/05/24 Jul  5',
    '%B %d, %Y %I:%M %p %%': 'July 05, 2024 03:04 AM %',
  }
  for (const [format, text] of Object.entries(written)) expect(strftime(date, format)).toBe(text)
})

test('what is no directive stays as it is', () => {
  expect(strftime(date, '100 % of %q')).toBe('100 % of %q')
})
