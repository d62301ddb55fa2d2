/** Shown after the options of `allot srm`. */
export const srmHelp = `
Sample ratio mismatch: did the units of each group (an experiment) arrive in the declared shares? A row is the count of one
variant, of one span of time where --time is named; rows in any order; rows of one group, variant and time add up.
.csv, .jsonl (both also .gz) or .parquet.

Shares: --expected names a column of shares (or anything proportional to them; they may vary in time), else every variant of
the group is expected to get as many units as any other, at every time.

One look at a group: Pearson's chi-square (the sequential test where a variant expects fewer than 5 units).
Several looks (--time): sequential multinomial test (Lindon & Malek 2020), whose p-value holds however often one looked; the
first alarm is the first time at which it was at most --alpha. With --cumulative counts are totals so far.

mismatch: p ≤ --alpha (default 0.001, for each group). no data: no units, one variant only, or a count missing.

Examples:
  allot srm packages.csv.gz --group clickability_test_id --variant arm --count impressions --period test_week
  allot srm assignments.csv --group experiment --variant variant --count new_users --time day --expected share --json

Exit codes: 0 answered, 1 with --fail-on mismatch when there is one, 2 a file, column or flag breaks a rule.
See docs/experiments.md.`;
