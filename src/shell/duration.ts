// Time for people.

/** Seconds as the two largest units: `2h10m`, `3m05s`, `42s`. */
export function duration(seconds: number): string {
  const whole = Math.round(seconds)
  const units = [
    [86_400, 'd', 3600, 'h'],
    [3600, 'h', 60, 'm'],
    [60, 'm', 1, 's'],
  ] as const
  for (const [large, largeName, small, smallName] of units)
    if (whole >= large)
      return `${Math.floor(whole / large)}${largeName}${String(Math.floor((whole % large) / small)).padStart(2, '0')}${smallName}`
  return `${whole}s`
}
