/** Shown after the options of `create` and `revise`, and in the help of the whole group. */
export const fileHelp = `
An experiment file (YAML or JSON; everything but surface, name and variants has a default):

  surface: live-feed
  name: tscac-vs-champion
  variants:
    - { name: control, role: control, alias: champion }      # pinned when it starts
    - { name: treatment, role: treatment, policyVersion: live-feed@42 }
  ramp: default                # 1-5-10-25-50 %, a day and 200 units each; or { steps: [...] }
  holdoutShare: 0.02           # kept on the champion and out of every experiment
  confirmationShare: 0.1       # in the experiment, seen by no look before the decision
  metrics:                     # default: main response, guarded auxiliaries and constraints of the surface
    - { name: watch, role: main, source: { response: watch }, rule: { kind: improve } }
    - { name: hides, role: guardrail, source: { response: hide }, rule: { kind: not-worse, better: lower, margin: 0.002 } }
    - { name: skips, role: signal, source: { response: skip }, rule: { kind: not-worse, better: lower, margin: 0.01 } }
  method: confidence-sequence  # or msprt; both hold at every look, neither changes once it has started
  tunedAtUnits: 2000           # units of both variants at which the intervals are tightest
  health: { onFailure: hold }  # or roll-back
  isApprovalNeeded: false      # true: a second key must agree`;

export const experimentHelp = `${fileHelp}

What happens then: the controller looks every 30 s. A broken split or pipeline blocks the verdict and holds the ramp; a guardrail
proven bad rolls back at once; a signal proven bad pauses; a passed verdict decides. Nobody ever changes side.

Examples:
  allot experiment create tscac.yaml && allot experiment start tscac-vs-champion
  allot experiment status tscac-vs-champion
  allot experiment plan --mean 28 --sd 45 --effect 0.5 --units-per-day 20000 --share 0.5
  allot experiment forecasts --surface live-feed --json

Exit codes: 0 done, 1 its state does not allow it, 2 a file, flag or name breaks a rule. See docs/running-experiments.md.`;

export const planHelp = `
Looking all the time is planned for \`method: confidence-sequence\`; \`msprt\` is the same test while the variance is as given.
Give --sd and one of --effect and --units. For a margin (not worse by more than m) the effect is the distance to -m.

Examples:
  allot experiment plan --mean 28 --sd 45 --effect 0.5 --units-per-day 20000 --share 0.5
  allot experiment plan --mean 28 --sd 45 --units 100000`;

export const selectionHelp = `
Without a file: versions that were forecast and then measured by an experiment, by surface, response and estimand. With one (YAML or
JSON; - reads standard input): candidates whose truth is known, for instance from a simulator.

  of: watch_seconds            # optional, a name
  behavior: 27.1               # worth of the policy that produced the log
  threshold: 27.1              # unsafe below this; default: behavior
  candidates:
    - { name: a, estimate: 29.0, bound: 27.4, truth: 28.2 }   # bound: what safety is judged by; default: estimate
    - { name: b, estimate: null, truth: 26.0 }                # the estimator refused

Examples:
  allot experiment selection --surface live-feed --top 5
  allot experiment selection candidates.yaml --json`;
