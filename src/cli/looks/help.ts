/** Shown after the options of `allot looks`. */
export const looksHelp = `
A row is one look at one treatment–control pair and metric: counts, means and variances of everything so far (cumulative),
rows in any order. .csv, .jsonl (both also .gz) or .parquet. Only columns that are named are read.

Verdict at a look, from the interval of treatment − control:
  without --guardrail       pass: proven better; fail: proven worse; inconclusive: neither
  with --guardrail margin   pass: proven not worse by more than the margin; fail: proven worse by more than it
  --direction down          lower is better; margins are positive in both directions
  no data                   fewer than --min-units in an arm, a mean or variance missing, no spread; never a pass
The state of a pair is that of its first decisive look (a sequential decision is not taken back), else that of the last look
with data. The effect and its interval are those of the last look with data.

Methods:
  confidence-sequence  asymptotic confidence sequence (Waudby-Smith et al. 2021): all looks together err at most 1 − level
  msprt                mixture SPRT (Johari et al.), with a mixture variance fixed at the first look or by --mixture-sd
  fixed                Welch's t at the last look, the only one that counts; firstDecisiveTime shows what peeking would do
Both sequential ones are tightest at n* units of both arms: --tuned-at, else four times those of the first look with data, so
that appending looks to the file never changes a verdict already given. Each pair has its own error 1 − level.

A missing variance is m(1 − m) where a metric is 0 or 1 for every unit: named by --binary, or recognised by its other rows.

Examples:
  allot looks asos.csv.gz --experiment experiment_id --variant variant_id --metric metric_id --time time_since_start \\
    --control-n count_c --control-mean mean_c --control-variance variance_c \\
    --treatment-n count_t --treatment-mean mean_t --treatment-variance variance_t
  allot looks daily.csv … --guardrail 0.5% --direction up --fail-on fail
  allot looks signups.csv --time day --control-n n0 --control-mean rate0 --treatment-n n1 --treatment-mean rate1 --binary

Exit codes: 0 answered, 1 what --fail-on names was found, 2 a file, column or flag breaks a rule. See docs/experiments.md.`;
