// Dates as Python's strftime writes them in the C locale: what chat templates show of the day.

const days = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday']
const months = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
]
const padded = (value: number, width = 2): string => String(value).padStart(width, '0')
const short = (name: string): string => name.slice(0, 3)
const hour12 = (date: Date): number => date.getHours() % 12 || 12
const dayOfYear = (date: Date): number =>
  1 + (Date.UTC(date.getFullYear(), date.getMonth(), date.getDate()) - Date.UTC(date.getFullYear(), 0, 1)) / 86_400_000

/** Directives by their letter (Python's table of strftime codes), in local time. */
const directives: Record<string, (date: Date) => string> = {
  a: (date) => short(days[date.getDay()]!),
  A: (date) => days[date.getDay()]!,
  w: (date) => String(date.getDay()),
  d: (date) => padded(date.getDate()),
  e: (date) => String(date.getDate()).padStart(2),
  b: (date) => short(months[date.getMonth()]!),
  h: (date) => short(months[date.getMonth()]!),
  B: (date) => months[date.getMonth()]!,
  m: (date) => padded(date.getMonth() + 1),
  y: (date) => padded(date.getFullYear() % 100),
  Y: (date) => String(date.getFullYear()),
  H: (date) => padded(date.getHours()),
  I: (date) => padded(hour12(date)),
  p: (date) => (date.getHours() < 12 ? 'AM' : 'PM'),
  M: (date) => padded(date.getMinutes()),
  S: (date) => padded(date.getSeconds()),
  j: (date) => padded(dayOfYear(date), 3),
  F: (date) => strftime(date, '%Y-%m-%d'),
  T: (date) => strftime(date, '%H:%M:%S'),
  D: (date) => strftime(date, '%m/%d/%y'),
  x: (date) => strftime(date, '%m/%d/%y'),
  X: (date) => strftime(date, '%H:%M:%S'),
  c: (date) => strftime(date, '%a %b %e %H:%M:%S %Y'),
  '%': () => '%',
}

/** The date in that format; `%-d` leaves the zeros in front out, and what is no directive stays. */
export function strftime(date: Date, format: string): string {
  return format.replace(/%(-?)([A-Za-z%])/g, (whole, bare: string, letter: string) => {
    const text = Object.hasOwn(directives, letter) ? directives[letter]!(date) : undefined
    if (text === undefined) return whole
    return bare ? text.replace(/^[0 ]+(?=\d)/, '') : text
  })
}
