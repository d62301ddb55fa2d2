/** Shown after the options: what to type for which purpose. */
export const opeHelp = `
A policy is valued from the log of another one. The evaluated policy is given by the probability of the
logged action (one column) or by a distribution (prefix0 … prefixK-1; actions are then the indexes
0 … K-1). A snapshot folder knows its columns: only --policy is needed.

Examples:

First look at any log:
  allot ope log.csv --action a --reward click --propensity p --evaluation-probability pi --unit user
With a reward model, estimators side by side, and a setting chosen from the log:
  allot ope log.csv --action a --reward click --propensity p --unit user --evaluation-distribution pi_ \\
      --reward-model q_ --estimators snips,dr,sndr,switch-dr,dros --dros-lambda auto
A bound that holds at any sample size:
  allot ope log.csv … --estimators ips --clip 20 --intervals hcope,empirical-bernstein --reward-range 0,1
Is it better than what was served, and where?
  allot ope log.csv … --paired-with behavior --group activity --segment country
Sessions, with given Q(s, a):
  allot ope steps.csv … --session visit --step t --discount 0.95 --estimators pdis,wdr,fqe --action-value q_
A log of several policies:
  allot ope log.csv … --behavior-version version --pooling balanced \\
      --behavior-distribution v1=mu1_ --behavior-distribution v2=mu2_
A snapshot and an artifact (or a registered version):
  allot ope .allot/snapshots/2024-05 --policy candidate.artifact --paired-with live-feed@7

Estimators of decisions: ips snips dm dr sndr switch-dr dros sg-ips sg-dr mrdr. Of sessions: tis pdis
sntis snpdis sequential-dr wdr magic fqe ncis-step ncis-per-decision ncis-trajectory marginalised-is dice.
Exit codes: 0 answered, 2 unreadable input or flags, 3 every estimate refused. See docs/ope.md.`;
