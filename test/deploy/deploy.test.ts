import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { readConfig, settings } from '../../src/config/env.ts';
import { metricDefinitions } from '../../src/observability/metric-definitions.ts';
import { tableRows } from '../support/markdown.ts';
import { createMetrics } from '../../src/observability/metrics.ts';

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');

interface Service {
  readonly image?: string;
  readonly build?: string;
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly volumes?: readonly string[];
  readonly depends_on?: Readonly<Record<string, { condition: string }>>;
  readonly ports?: readonly string[];
  readonly user?: string;
}
interface Compose {
  readonly services: Readonly<Record<string, Service>>;
  readonly volumes: Readonly<Record<string, unknown>>;
}
const compose = parse(read('compose.yaml'), { merge: true }) as Compose;
const ours = Object.entries(compose.services).filter(([, { command }]) => command !== undefined);

describe('compose.yaml', () => {
  it('has PostgreSQL, Kafka and every process of Allot', () => {
    expect(Object.keys(compose.services)).toEqual(
      expect.arrayContaining(['postgres', 'kafka', 'migrate', 'api', 'ingest', 'controller']),
    );
  });

  it.each(Object.entries(compose.services))('%s pins its image, refers to what exists', (_, service) => {
    expect(service.image).toMatch(/^[\w./-]+:\d+\.\d+(\.\d+)?$/);
    for (const other of Object.keys(service.depends_on ?? {})) expect(compose.services).toHaveProperty(other);
    for (const volume of service.volumes ?? []) expect(compose.volumes).toHaveProperty(volume.split(':')[0]);
  });

  it.each(ours)('%s has settings that Allot takes, and starts a file that is built', (_, service) => {
    const environment = Object.fromEntries(
      Object.entries(service.environment ?? {}).map(([name, value]) => [
        name,
        value.replace(/\$\{[^}]*\}/g, 'secret'),
      ]),
    );
    for (const name of Object.keys(environment)) expect(Object.keys(settings)).toContain(name);
    expect(readConfig(environment).databaseUrl).toBe('postgres://allot:secret@postgres:5432/allot');
    expect(readConfig(environment).kafka?.brokers).toEqual(['kafka:9092']);
    const [entry] = service.command ?? [];
    const source = entry.replace(/^dist\//, '').replace(/\.js$/, '.ts');
    expect(existsSync(new URL(`../../${source}`, import.meta.url)), source).toBe(true);
    expect(service.user).toBeUndefined();
  });

  it('holds no password and opens no port to others', () => {
    expect(read('compose.yaml')).not.toMatch(/PASSWORD: (?!\$\{POSTGRES_PASSWORD:\?)/);
    for (const { ports = [] } of Object.values(compose.services))
      for (const port of ports) expect(port).toMatch(/^127\.0\.0\.1:/);
  });

  it('shares one secrets file among the processes', () => {
    for (const [, { environment, volumes }] of ours) {
      expect(environment?.ALLOT_SECRETS_FILE).toBe('/secrets/secrets.json');
      expect(volumes).toContain('secrets:/secrets');
    }
  });
});

describe('the Dockerfile', () => {
  const lines = read('Dockerfile').split('\n');
  it('pins its base, ends as another user than root, and names settings that exist', () => {
    for (const from of lines.filter((line) => line.startsWith('FROM ')))
      expect(from).toMatch(/^FROM node:\d+\.\d+\.\d+-[a-z-]+( AS \w+)?$/);
    expect(lines.findLast((line) => line.startsWith('USER '))).toBe('USER node');
    for (const [, name] of read('Dockerfile').matchAll(/\b(ALLOT_[A-Z_]+)=/g))
      expect(Object.keys(settings)).toContain(name);
  });
});

describe('deploy/alerts.yaml', () => {
  const { groups } = parse(read('deploy/alerts.yaml')) as {
    groups: {
      rules: {
        alert: string;
        expr: string;
        labels: { severity: string };
        annotations: { summary: string; action: string };
      }[];
    }[];
  };
  const rules = groups.flatMap((group) => group.rules);

  it.each(rules.map((rule) => [rule.alert, rule] as const))(
    '%s asks about metrics that exist and says what to do',
    async (_, rule) => {
      const text = await createMetrics({ withProcess: true }).text();
      const names = Array.from(text.matchAll(/^# TYPE (\w+)/gm), ([, name]) => name);
      const asked = rule.expr.match(/\ballot_[a-z_]+/g) ?? [];
      expect(asked.length).toBeGreaterThan(0);
      for (const name of asked) expect(names).toContain(name.replace(/_(bucket|sum|count)$/, ''));
      expect(['page', 'ticket']).toContain(rule.labels.severity);
      expect(rule.annotations.action.length).toBeGreaterThan(15);
    },
  );

  it('stands in docs/metrics.md, each rule with its reason', () => {
    const documented = tableRows(read('docs/metrics.md'), 'alert').map(([alert]) => alert);
    expect(documented.sort()).toEqual(rules.map(({ alert }) => alert).sort());
  });

  it('names each alert once, and asks for labels that the metric has', () => {
    expect(new Set(rules.map(({ alert }) => alert)).size).toBe(rules.length);
    for (const { expr } of rules) {
      for (const [, name, labels] of expr.matchAll(/\b(allot_[a-z_]+)\{([^}]*)\}/g)) {
        const metric = Object.values(metricDefinitions).find(
          (m) => m.name === name.replace(/_(bucket|sum|count)$/, ''),
        );
        for (const [, label] of labels.matchAll(/(\w+)(?:!?=~?|!~)"/g))
          expect(metric?.labels).toContain(label);
      }
    }
  });
});
