// Rows of BFCL v4 that no right answer passes, or whose checker is wrong, with the reason; found by running the original on its own answers.

/** Row → what is wrong with it. */
export const defects: Record<string, string> = {
  'live_multiple_862-181-3': 'the expected arguments do not fit the schema: nothing passes',
  'live_multiple_964-207-0': 'the expected arguments do not fit the schema: nothing passes',
  'live_simple_112-68-0': 'a required list whose accepted list is empty: nothing passes',
  'live_simple_106-63-0': 'a required list whose accepted list is empty: nothing passes',
  'live_multiple_507-149-4': 'passes only with an empty origin_airport',
  parallel_multiple_12: 'expects optional arguments that the schema lacks: passes only without them',
  parallel_multiple_26: 'expects optional arguments that the schema lacks: passes only without them',
  simple_java_64: 'an accepted value lacks its list, so its characters are the accepted values',
  simple_java_67: 'one map is split into four alternatives of one key',
  ...Object.fromEntries(
    [35, 36, 65, 78, 83, 85, 86, 89, 90, 91].map((row) => [
      `simple_java_${row}`,
      'an array of strings passes only when its strings are written without quotes',
    ]),
  ),
}
