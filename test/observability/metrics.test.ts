import { describe, expect, it } from 'vitest';
import { metricDefinitions } from '../../src/observability/metric-definitions.ts';
import { createMetrics } from '../../src/observability/metrics.ts';
import { noMetrics, type DecisionServed } from '../../src/service/ports/metrics.ts';

const decision: DecisionServed = {
  surface: 'live-feed',
  policyVersion: 'live-feed@42',
  variant: 'treatment',
  action: 'live',
  fallback: null,
  propensity: 0.25,
  entropy: 0.5,
  durationMs: 2,
};

describe('the metrics', () => {
  it('count a decision under its surface, version, variant, action and fallback', async () => {
    const metrics = createMetrics();
    metrics.decisionServed(decision);
    metrics.decisionServed({ ...decision, policyVersion: null, variant: null, fallback: 'safe-action' });
    const text = await metrics.text();
    expect(text).toContain(
      'allot_decisions_total{surface="live-feed",version="live-feed@42",variant="treatment",action="live",fallback="none"} 1',
    );
    expect(text).toContain('version="none",variant="none",action="live",fallback="safe-action"} 1');
    expect(text).toContain('allot_decision_propensity_sum{surface="live-feed",variant="treatment"} 0.25');
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
      `allot_exploration_collapsed{surface="live-feed",variant="${variant}"} ${String(value)}`;
    const calm = await metrics.text();
    for (const variant of ['none', 'killed', 'treatment']) expect(calm).toContain(alarm(variant, 0));
    metrics.decisionServed(collapsed);
    expect(await metrics.text()).toContain(alarm('none', 1));
    for (let i = 0; i < 2000; i += 1) metrics.decisionServed({ ...collapsed, entropy: 0.3 });
    expect(await metrics.text()).toContain(alarm('none', 0));
  });

  it('show one state of an experiment at a time', async () => {
    const metrics = createMetrics();
    metrics.experimentState('e1', 'live-feed', 'running');
    metrics.experimentState('e1', 'live-feed', 'rolled-back');
    const text = await metrics.text();
    expect(text).toContain('allot_experiment_state{experiment="e1",surface="live-feed",state="running"} 0');
    expect(text).toContain(
      'allot_experiment_state{experiment="e1",surface="live-feed",state="rolled-back"} 1',
    );
  });

  it('are kept apart between two servers of one process', async () => {
    const [one, other] = [createMetrics(), createMetrics()];
    one.requestRefused('invalid_json');
    expect(await one.text()).toContain('allot_requests_refused_total{code="invalid_json"} 1');
    expect(await other.text()).not.toContain('code="invalid_json"');
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
