import { describe, expect, it } from 'vitest';
import { metricDefinitions } from '../../src/observability/metric-definitions.ts';
import { createMetrics } from '../../src/observability/metrics.ts';
import { noMetrics, type DecisionServed } from '../../src/service/ports/metrics.ts';

const decision: DecisionServed = {
  tenant: 'acme',
  surface: 'live-feed',
  policyVersion: 'live-feed@42',
  variant: 'treatment',
  action: 'live',
  fallback: null,
  propensity: 0.25,
  entropy: 0.5,
  durationMs: 2,
};

const MINUTE = 60_000;

describe('the metrics', () => {
  it('count a decision under its surface, version, variant, action and fallback', async () => {
    const metrics = createMetrics();
    metrics.decisionServed(decision);
    metrics.decisionServed({ ...decision, policyVersion: null, variant: null, fallback: 'safe-action' });
    const text = await metrics.text();
    expect(text).toContain(
      'allot_decisions_total{tenant="acme",surface="live-feed",version="live-feed@42",variant="treatment",action="live",fallback="none"} 1',
    );
    expect(text).toContain('version="none",variant="none",action="live",fallback="safe-action"} 1');
    expect(text).toContain(
      'allot_decision_propensity_sum{tenant="acme",surface="live-feed",variant="treatment"} 0.25',
    );
    expect(text).toMatch(
      /allot_decision_duration_seconds_bucket\{le="0\.0025",.*version="live-feed@42".*\} 1/,
    );
  });

  it('raise the alarm when exploration collapses, and only of answers that a policy gave', async () => {
    const metrics = createMetrics();
    const collapsed = { ...decision, variant: null, entropy: 0 };
    for (let i = 0; i < 199; i += 1) metrics.decisionServed(collapsed);
    for (let i = 0; i < 300; i += 1)
      metrics.decisionServed({ ...collapsed, variant: 'killed', fallback: 'killed' });
    for (let i = 0; i < 300; i += 1) metrics.decisionServed(decision);
    const alarm = (variant: string, value: number): string =>
      `allot_exploration_collapsed{tenant="acme",surface="live-feed",variant="${variant}"} ${String(value)}`;
    const calm = await metrics.text();
    for (const variant of ['none', 'killed', 'treatment']) expect(calm).toContain(alarm(variant, 0));
    metrics.decisionServed(collapsed);
    expect(await metrics.text()).toContain(alarm('none', 1));
    for (let i = 0; i < 2000; i += 1) metrics.decisionServed({ ...collapsed, entropy: 0.3 });
    expect(await metrics.text()).toContain(alarm('none', 0));
  });

  it('keep two tenants apart whose surfaces have one name: one that explores hides no collapse of the other', async () => {
    const metrics = createMetrics();
    for (let i = 0; i < 1000; i += 1) {
      metrics.decisionServed({ ...decision, tenant: 'healthy' });
      metrics.decisionServed({ ...decision, tenant: 'collapsed', entropy: 0 });
    }
    const text = await metrics.text();
    const alarm = 'surface="live-feed",variant="treatment"}';
    expect(text).toContain(`allot_exploration_collapsed{tenant="healthy",${alarm} 0`);
    expect(text).toContain(`allot_exploration_collapsed{tenant="collapsed",${alarm} 1`);
    expect(text).toContain(`allot_decision_entropy_nats_count{tenant="healthy",${alarm} 1000`);
  });

  it('say of which tenant a surface is, wherever they name one', () => {
    for (const { labels } of Object.values(metricDefinitions)) {
      if (labels.includes('surface')) expect(labels).toContain('tenant');
    }
  });

  it('end the alarm of a variant that answers no more, and forget its entropy', async () => {
    const clock = { now: 0 };
    const metrics = createMetrics({ clock: () => clock.now });
    for (let i = 0; i < 300; i += 1) metrics.decisionServed({ ...decision, entropy: 0 });
    const linesOf = async (): Promise<string[]> =>
      (await metrics.text()).split('\n').filter((line) => line.startsWith('allot_exploration_'));
    clock.now = 14 * MINUTE;
    expect(await linesOf()).toEqual([
      'allot_exploration_entropy_recent_nats{tenant="acme",surface="live-feed",variant="treatment"} 0',
      'allot_exploration_collapsed{tenant="acme",surface="live-feed",variant="treatment"} 1',
    ]);
    clock.now = 15 * MINUTE;
    metrics.decisionServed({ ...decision, fallback: 'killed', entropy: 0 });
    expect(await linesOf()).toEqual([
      'allot_exploration_collapsed{tenant="acme",surface="live-feed",variant="treatment"} 0',
    ]);
    metrics.decisionServed({ ...decision, entropy: 0 });
    expect(await linesOf()).toHaveLength(2);
  });

  it('forget the pacing factor and the pending activations of what is gone', async () => {
    const clock = { now: 0 };
    const metrics = createMetrics({ clock: () => clock.now });
    metrics.pacingFactor(decision, 'treatment', 0.5);
    metrics.joinPending(decision, 3);
    const told = [
      'allot_pacing_factor{tenant="acme",surface="live-feed",variant="treatment"} 0.5',
      'allot_join_pending_activations{tenant="acme",surface="live-feed"} 3',
    ];
    for (const line of told) expect(await metrics.text()).toContain(line);
    clock.now = 15 * MINUTE;
    for (const line of told) expect(await metrics.text()).not.toContain(line.split('{')[0] + '{');
    metrics.pacingFactor(decision, 'treatment', 1);
    expect(await metrics.text()).toContain(
      'allot_pacing_factor{tenant="acme",surface="live-feed",variant="treatment"} 1',
    );
  });

  it('show one state of an experiment at a time, and none to whom the lead was taken', async () => {
    const metrics = createMetrics();
    const experiment = { id: 'e1', tenant: 'acme', surface: 'live-feed' };
    metrics.isLeader(true);
    metrics.experimentState(experiment, 'running');
    metrics.experimentState(experiment, 'rolled-back');
    const line = (state: string): string =>
      `allot_experiment_state{experiment="e1",tenant="acme",surface="live-feed",state="${state}"}`;
    expect(await metrics.text()).toContain(`${line('running')} 0`);
    expect(await metrics.text()).toContain(`${line('rolled-back')} 1`);
    metrics.isLeader(true);
    expect(await metrics.text()).toContain(line('rolled-back'));
    metrics.isLeader(false);
    expect(await metrics.text()).not.toContain('allot_experiment_state{');
  });

  it('forget an experiment that nobody has looked at for two hours', async () => {
    const clock = { now: 0 };
    const metrics = createMetrics({ clock: () => clock.now });
    metrics.experimentState({ id: 'e1', tenant: 'acme', surface: 'live-feed' }, 'stopped');
    clock.now = 119 * MINUTE;
    expect(await metrics.text()).toContain('state="stopped"} 1');
    clock.now = 120 * MINUTE;
    expect(await metrics.text()).not.toContain('state="stopped"');
  });

  // `increase()` over a series that begins with its first event is 0: the event would never raise an alarm.
  it.each([
    ...['torn-tail', 'damaged-segment'].map((kind) => `allot_journal_damage_total{kind="${kind}"}`),
    ...['grammar', 'data'].map((reason) => `allot_dead_letters_total{reason="${reason}"}`),
    ...['joined', 'orphan'].map(
      (outcome) => `allot_join_feedback_total{kind="exposure",outcome="${outcome}"}`,
    ),
    'allot_feedback_accepted_total{kind="interaction"}',
    'allot_ingest_events_total{kind="decision",outcome="forgotten"}',
    'allot_requests_refused_total{code="journal_full"}',
    'allot_control_load_failures_total',
  ])('begin at 0 in a fresh process: %s', async (series) => {
    expect((await createMetrics().text()).split('\n')).toContain(`${series} 0`);
  });

  it('begin at 0 for a surface when it is first served, and keep what was counted when it is served again', async () => {
    const metrics = createMetrics();
    const at = { tenant: 'acme', surface: 'live-feed', nullAction: 'none' };
    const labels = 'tenant="acme",surface="live-feed"';
    const unlogged = `allot_decisions_total{${labels},version="none",variant="none",action="none",fallback="unlogged"}`;
    metrics.surfaceServed(at);
    const first = (await metrics.text()).split('\n');
    expect(first).toContain(`allot_artifact_refusals_total{${labels}} 0`);
    expect(first).toContain(`${unlogged} 0`);
    metrics.artifactRefused(at);
    const none = { ...decision, policyVersion: null, variant: null, action: 'none' };
    metrics.decisionServed({ ...none, fallback: 'unlogged', propensity: 1, entropy: 0 });
    metrics.surfaceServed(at);
    const later = (await metrics.text()).split('\n');
    expect(later).toContain(`allot_artifact_refusals_total{${labels}} 1`);
    expect(later).toContain(`${unlogged} 1`);
  });

  it('are kept apart between two servers of one process', async () => {
    const [one, other] = [createMetrics(), createMetrics()];
    one.requestRefused('invalid_json');
    expect(await one.text()).toContain('allot_requests_refused_total{code="invalid_json"} 1');
    expect(await other.text()).toContain('allot_requests_refused_total{code="invalid_json"} 0');
  });

  it('offer the same methods in the silent form', () => {
    const { contentType, text, ...methods } = createMetrics();
    expect(contentType).toContain('text/plain');
    expect(typeof text).toBe('function');
    expect(Object.keys(noMetrics).sort()).toEqual(Object.keys(methods).sort());
  });

  it('all appear in the answer of a server that has just started', async () => {
    const text = await createMetrics().text();
    for (const { name, type } of Object.values(metricDefinitions)) {
      expect(text).toContain(`# TYPE ${name} ${type}`);
    }
  });

  it('follow the naming rules of Prometheus: unit last, counters end in _total', () => {
    for (const { name, type } of Object.values(metricDefinitions)) {
      expect(name).toMatch(/^allot_[a-z_]+$/);
      expect(name.endsWith('_total')).toBe(type === 'counter');
    }
  });
});
