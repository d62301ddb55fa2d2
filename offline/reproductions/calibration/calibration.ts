import { parseWorld } from '../../../src/simulation/parse-world.ts';
import type { FeedWorldConfig } from '../../../src/simulation/world.ts';
import type { LearningStudyAnswer, LearningStudyRun } from '../study-run.ts';
import type { StudyTable } from '../study-table.ts';
import { publicDataFolder, publicMarginals, type PublicMarginals } from './public-marginals.ts';
import { worldMarginals, type WorldMarginals } from './world-marginals.ts';

/** One marginal: what the public data say, what the world does, and how close it is. */
interface Line {
  readonly marginal: string;
  readonly unit: 's' | 'share';
  readonly public: number;
  readonly world: number;
  /** What the claim allows: a relative or an absolute difference; null: shown, not claimed. */
  readonly allowed: { readonly relative: number } | { readonly absolute: number } | null;
}

/**
 * The world's marginals against aggregates of the public KuaiRand log. Live streams, leaving and skipping are not in that data, so
 * nothing here speaks for them. Without the data folder beside the repository the table says so and claims nothing.
 */
export async function calibration(run: LearningStudyRun): Promise<LearningStudyAnswer> {
  const world = parseWorld(run.world?.raw ?? {});
  const folder = publicDataFolder();
  if (folder === null) return missing(world);
  run.progress.step('calibration: aggregates of the public log');
  const known = await publicMarginals(folder);
  run.progress.step('calibration: the world');
  const simulated = worldMarginals(world, run.units ?? (run.isShort ? 2000 : 20_000), run.seeds[0] ?? 1);
  const lines = [
    ...playLines(known, simulated),
    ...signalLines(known, simulated),
    ...mixLines(known, simulated, world),
  ];
  return {
    tables: [tableOf(world, known, lines, run.world === null)],
    result: { world: world.name, skipped: false, lines },
  };
}

function missing(world: FeedWorldConfig): LearningStudyAnswer {
  const reason =
    'SKIPPED: ../shared/data/kuairand is not beside this clone, so nothing was compared and nothing is claimed';
  const table: StudyTable = {
    title: `Calibration of the world "${world.name}"`,
    notes: [reason],
    header: ['marginal'],
    rows: [],
    claims: [],
  };
  return { tables: [table], result: { world: world.name, skipped: true, reason } };
}

function playLines(known: PublicMarginals, simulated: WorldMarginals): Line[] {
  const [a, b] = [known.playSeconds, simulated.playSeconds];
  const line = (marginal: string, of: (sorted: Float64Array) => number, relative: number): Line => ({
    marginal,
    unit: marginal.startsWith('share') ? 'share' : 's',
    public: of(a),
    world: of(b),
    allowed: { relative },
  });
  const quantile = (q: number) => (sorted: Float64Array) => sorted[Math.floor(q * sorted.length)];
  const shareWhere = (holds: (x: number) => boolean) => (sorted: Float64Array) =>
    sorted.filter(holds).length / sorted.length;
  return [
    line(
      'share of videos not played',
      shareWhere((x) => x === 0),
      0.15,
    ),
    line(
      'share played under 3 s',
      shareWhere((x) => x < 3),
      0.15,
    ),
    line(
      'share played above 7 s',
      shareWhere((x) => x > 7),
      0.15,
    ),
    line(
      'share played 18 s or more',
      shareWhere((x) => x >= 18),
      0.15,
    ),
    line('watch time: mean', (sorted) => sorted.reduce((sum, x) => sum + x, 0) / sorted.length, 0.15),
    ...[0.25, 0.5, 0.75, 0.9, 0.95, 0.99].map((q) =>
      line(`watch time: ${100 * q} % quantile`, quantile(q), 0.2),
    ),
  ];
}

function signalLines(known: PublicMarginals, simulated: WorldMarginals): Line[] {
  const { signals } = known;
  const { perVideo, returnNextDay, playSeconds } = simulated;
  const played = (seconds: number): number =>
    playSeconds.filter((x) => x >= seconds).length / playSeconds.length;
  const share = (marginal: string, of: number, world: number, allowed: Line['allowed']): Line => ({
    marginal,
    unit: 'share',
    public: of,
    world,
    allowed,
  });
  return [
    share('click (world: 7 s or more)', signals['is_click'], played(7), null),
    share('long view (world: 18 s or more)', signals['long_view'], played(18), null),
    share('like per video', signals['is_like'], perVideo.like, { relative: 0.15 }),
    share('follow per video', signals['is_follow'], perVideo.follow, { relative: 0.2 }),
    share('hide (is_hate) per video', signals['is_hate'], perVideo.hide, { relative: 0.2 }),
    share('return the next day', known.returnNextDay, returnNextDay, { absolute: 0.1 }),
  ];
}

/** KuaiRand's activity degrees as the world's groups; new, returning and unknown users count as low. */
const degrees: Readonly<Record<string, string>> = {
  full_active: 'full',
  high_active: 'high',
  middle_active: 'middle',
};

function mixLines(known: PublicMarginals, simulated: WorldMarginals, world: FeedWorldConfig): Line[] {
  const shares = new Map<string, number>();
  for (const [degree, share] of Object.entries(known.groups)) {
    const name = degrees[degree] ?? 'low';
    shares.set(name, (shares.get(name) ?? 0) + share);
  }
  const isSameGroups = world.groups.every(({ name }) => shares.has(name));
  const distance = simulated.hours.reduce((sum, share, h) => sum + Math.abs(share - known.hours[h]) / 2, 0);
  return [
    ...(isSameGroups
      ? world.groups.map(({ name }): Line => ({
          marginal: `units of group ${name}`,
          unit: 'share',
          public: shares.get(name) ?? 0,
          world: simulated.groups[name],
          allowed: { absolute: 0.02 },
        }))
      : []),
    {
      marginal: 'hour of day: total variation distance',
      unit: 'share',
      public: 0,
      world: distance,
      allowed: { absolute: 0.05 },
    },
  ];
}

/** Only the default world is calibrated; of others it is shown how far they are. */
function tableOf(
  world: FeedWorldConfig,
  known: PublicMarginals,
  lines: readonly Line[],
  isClaimed: boolean,
): StudyTable {
  return {
    title: `Calibration of the world "${world.name}" against the public KuaiRand log`,
    notes: [
      `${known.exposures} exposures of ${known.units} users (KuaiRand-Pure, standard log, CC BY-SA 4.0), aggregates only.`,
      'Not in that data, so not calibrated: live streams (entering, watching, skipping), leaving, and sessions. Its users were ' +
        'sampled from active ones and its rows from a pool of videos, so that a return is seen only through those rows.',
      'A click and a long view depend on the length of a video, which the world does not have: its nearest share is shown, nothing is claimed.',
    ],
    header: ['marginal', 'public', 'world', 'difference', 'allowed'],
    rows: lines.map((line) => [
      line.marginal,
      shown(line.public, line.unit),
      shown(line.world, line.unit),
      differenceOf(line),
      allowedOf(line),
    ]),
    claims: lines
      .filter(({ allowed }) => isClaimed && allowed !== null)
      .map((line) => ({ claim: `${line.marginal} is within ${allowedOf(line)}`, holds: isWithin(line) })),
  };
}

function shown(value: number, unit: Line['unit']): string {
  if (unit === 's') return `${value.toPrecision(3)} s`;
  return value < 0.01 ? value.toFixed(5) : value.toFixed(3);
}

function differenceOf({ public: known, world, allowed }: Line): string {
  if (allowed !== null && 'absolute' in allowed) return signed(world - known, 3);
  return `${signed((100 * (world - known)) / known, 0)} %`;
}

const signed = (x: number, digits: number): string => `${x < 0 ? '−' : '+'}${Math.abs(x).toFixed(digits)}`;

function allowedOf({ allowed }: Line): string {
  if (allowed === null) return '';
  return 'absolute' in allowed ? `±${allowed.absolute}` : `±${100 * allowed.relative} %`;
}

function isWithin({ public: known, world, allowed }: Line): boolean {
  if (allowed === null) return true;
  const difference = Math.abs(world - known);
  return 'absolute' in allowed ? difference <= allowed.absolute : difference <= allowed.relative * known;
}
