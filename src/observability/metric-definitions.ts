export interface MetricDefinition {
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  readonly labels: readonly string[];
  readonly buckets?: readonly number[];
}

const latency = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1];
const slow = [0.01, 0.05, 0.1, 0.5, 1, 5, 30, 60, 300, 1800];
const delay = [1, 10, 60, 300, 1800, 3600, 21_600, 86_400, 604_800];
const share = [0.01, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.99, 1];

const counter = (name: string, help: string, ...labels: string[]): MetricDefinition => ({
  name,
  type: 'counter',
  help,
  labels,
});
const gauge = (name: string, help: string, ...labels: string[]): MetricDefinition => ({
  name,
  type: 'gauge',
  help,
  labels,
});
const histogram = (
  name: string,
  help: string,
  buckets: readonly number[],
  ...labels: string[]
): MetricDefinition => ({ name, type: 'histogram', help, labels, buckets });

/** Every metric of Allot, once. `docs/metrics.md` says what each is for; a test compares the two. */
export const metricDefinitions = {
  decisions: counter(
    'allot_decisions_total',
    'Decisions answered',
    'tenant',
    'surface',
    'version',
    'variant',
    'action',
    'fallback',
  ),
  decisionSeconds: histogram(
    'allot_decision_duration_seconds',
    'Time from a parsed request to its journalled decision',
    latency,
    'tenant',
    'surface',
    'version',
    'fallback',
  ),
  propensity: histogram(
    'allot_decision_propensity',
    'Probability of the served action; sum over count is the mean propensity',
    share,
    'tenant',
    'surface',
    'variant',
  ),
  entropy: histogram(
    'allot_decision_entropy_nats',
    'Entropy of the served distribution; a mean near 0 is exploration collapse',
    [0.01, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.5, 2, 3],
    'tenant',
    'surface',
    'variant',
  ),
  entropyRecent: gauge(
    'allot_exploration_entropy_recent_nats',
    'Mean entropy of the last thousand or so answers of a policy',
    'tenant',
    'surface',
    'variant',
  ),
  collapsed: gauge(
    'allot_exploration_collapsed',
    '1 while that mean is below 0.02 nats: the log stops supporting other actions',
    'tenant',
    'surface',
    'variant',
  ),
  defaulted: counter(
    'allot_features_defaulted_total',
    'Missing features replaced by their declared default',
    'tenant',
    'surface',
    'feature',
  ),
  refused: counter('allot_requests_refused_total', 'Requests refused, by error code', 'code'),
  feedback: counter('allot_feedback_accepted_total', 'Feedback events accepted into the journal', 'kind'),
  pacing: gauge(
    'allot_pacing_factor',
    'Factor on the allocating probability',
    'tenant',
    'surface',
    'variant',
  ),
  journalRecords: gauge('allot_journal_records', 'Records not yet handed on'),
  journalBytes: gauge('allot_journal_bytes', 'Bytes not yet handed on'),
  journalAge: gauge('allot_journal_oldest_age_seconds', 'Age of the oldest record not yet handed on'),
  journalDamage: counter('allot_journal_damage_total', 'Damage found on opening the journal', 'kind'),
  ingested: counter('allot_ingest_events_total', 'Events that ingest handled', 'kind', 'outcome'),
  deadLetters: counter('allot_dead_letters_total', 'Records set aside, by reason', 'reason'),
  logGaps: counter('allot_kafka_gaps_total', 'Gaps of a topic that ingest stepped past', 'topic'),
  consumerLag: gauge('allot_ingest_lag_records', 'Records in the event log that ingest has not handled'),
  joinDelay: histogram(
    'allot_join_delay_seconds',
    'Time from a decision to the arrival of its feedback',
    delay,
    'kind',
  ),
  ingestBatchEvents: histogram(
    'allot_ingest_batch_events',
    'Events in a batch',
    [1, 10, 50, 100, 500, 1000, 5000, 20_000],
  ),
  ingestBatchSeconds: histogram('allot_ingest_batch_seconds', 'Time to store a batch', slow),
  joinPending: gauge(
    'allot_join_pending_activations',
    'Decisions of the minute before the last that no exposure has activated yet',
    'tenant',
    'surface',
  ),
  joinFeedback: counter(
    'allot_join_feedback_total',
    'Feedback five minutes after its decision: joined, or an orphan that waits for it',
    'kind',
    'outcome',
  ),
  joinDecisions: counter(
    'allot_join_decisions_total',
    'Decisions whose label windows have closed, by what the join made of them',
    'tenant',
    'surface',
    'outcome',
  ),
  joinTransitions: counter(
    'allot_join_transitions_total',
    'Of the delivered ones, those that another one of the session follows',
    'tenant',
    'surface',
  ),
  joinDefaults: counter(
    'allot_join_default_outcomes_total',
    'Of the delivered ones, those whose response is its default: the window closed without an event',
    'tenant',
    'surface',
    'response',
  ),
  joinLate: counter(
    'allot_join_late_events_total',
    'Interactions with the delivered ones outside every window of their type: kept, never used',
    'tenant',
    'surface',
  ),
  controlRevision: gauge('allot_control_revision', 'Revision of the control state that this process serves'),
  controlAge: gauge('allot_control_age_seconds', 'Time since the control state was last confirmed'),
  controlFailures: counter('allot_control_load_failures_total', 'Failed loads of the control state'),
  breakGlass: gauge('allot_break_glass_surfaces', 'Surfaces that the break-glass file of this process names'),
  artifactFailures: counter(
    'allot_artifact_refusals_total',
    'Policy artifacts refused at load',
    'tenant',
    'surface',
  ),
  experimentState: gauge(
    'allot_experiment_state',
    '1 for the state an experiment is in',
    'experiment',
    'tenant',
    'surface',
    'state',
  ),
  jobSeconds: histogram('allot_job_duration_seconds', 'Offline jobs run', slow, 'kind', 'outcome'),
  openRunAge: gauge(
    'allot_jobs_oldest_open_age_seconds',
    'Time since the oldest run that is queued or running was made; 0 where none is',
    'kind',
  ),
  leader: gauge('allot_controller_leader', '1 while this process leads the controllers'),
  partitionsAhead: gauge('allot_partitions_ahead_days', 'Days after today whose partitions are ready'),
  partitionsMade: counter('allot_partitions_made_total', 'Days whose partitions the controller made ahead'),
} as const satisfies Record<string, MetricDefinition>;

export type MetricName = keyof typeof metricDefinitions;
