// node scripts/check-demo.mjs summary.json: is this the summary that the README promises? Exit code 1 and the reason
// where it is not. What npm prints before the object is passed over.
import { readFileSync } from 'node:fs';

const text = readFileSync(process.argv[2], 'utf8');
const start = text.startsWith('{') ? 0 : text.indexOf('\n{') + 1;
const problems = [];
const must = (condition, rule) => {
  if (!condition) problems.push(rule);
};
const isInterval = (effect) =>
  ['lower', 'value', 'upper'].every((name) => Number.isFinite(effect?.[name])) &&
  effect.lower <= effect.value &&
  effect.value <= effect.upper;

let summary;
try {
  summary = JSON.parse(text.slice(start));
} catch {
  process.stderr.write(`the demo printed no summary: ${JSON.stringify(text.slice(0, 300))}\n`);
  process.exit(1);
}
for (const count of ['decisions', 'exposures', 'interactions', 'duplicatesDropped']) {
  must(Number.isInteger(summary[count]) && summary[count] > 0, `${count} is a positive whole number`);
}
must(summary.exposures <= summary.decisions, 'no more exposures than decisions');

const candidates = summary.candidates ?? [];
must(candidates.length >= 2, 'there are two candidates');
for (const verdict of ['promote', 'refuse']) {
  must(
    candidates.some((c) => c.verdict === verdict),
    `one candidate has the verdict "${verdict}"`,
  );
}
for (const { name, version, reasons } of candidates) {
  must(
    typeof name === 'string' && /^.+@\d+$/.test(version),
    `candidate ${name} names its version (${version})`,
  );
  must(Array.isArray(reasons) && reasons.length > 0, `the verdict on ${name} has reasons`);
}
must(typeof summary.experiment?.verdict === 'string', 'the experiment has a verdict');
must(isInterval(summary.experiment?.effect), 'the effect lies in its interval');
must(isInterval(summary.experiment?.forecast), 'the forecast lies in its interval');
must(/^\S+/.test(summary.trainingBackend ?? ''), 'the training backend is named');
must(summary.seconds > 0 && summary.seconds < 180, `it took less than three minutes (${summary.seconds} s)`);

if (problems.length > 0) {
  process.stderr.write(`the demo's summary breaks a promise:\n${problems.map((p) => `  - ${p}\n`).join('')}`);
  process.stderr.write(`${JSON.stringify(summary, null, 2)}\n`);
  process.exit(1);
}
const { effect, forecast } = summary.experiment;
process.stderr.write(
  `demo: ${summary.decisions} decisions, ${candidates.map((c) => `${c.name} → ${c.verdict}`).join(', ')}, ` +
    `effect ${effect.value} (forecast ${forecast.value}), ${summary.trainingBackend}, ${summary.seconds} s\n`,
);
