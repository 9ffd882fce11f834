import type { World } from './world.ts';

/** How a documented command is run here. */
export interface Entry {
  readonly command: string;
  /** Arguments that make it small enough, behind its own. */
  readonly more?: (world: World) => string;
  /** What a person does first, or what happens meanwhile. */
  readonly before?: (world: World) => unknown;
  /** What is to be so afterwards; fails where it is not. */
  readonly after?: (world: World) => Promise<unknown>;
  /** Part of what it prints. */
  readonly says?: string;
  /** What it says when it is up, of one that runs until a signal: it is sent SIGTERM then. */
  readonly until?: string;
  /** Why it is not run here; the names of its command and options are checked all the same. */
  readonly notHere?: string;
}

/** A command that is run as it stands, but for what `REPLACED` says. */
const run = (command: string, more: Omit<Entry, 'command'> = {}): Entry => ({ command, ...more });
/** The same of `npm run longwriter --`. */
const longwriter = (command: string, more: Omit<Entry, 'command'> = {}): Entry =>
  run(`npm run longwriter -- ${command}`, more);
const notHere = (command: string, reason: string): Entry => ({ command, notHere: reason });

const E2E = 'test/e2e runs it, small';
const BENCH = 'takes minutes; what it measured stands in docs/results';
const PROMOTED = 'a promoted build would take the work of dev; test/integration/versions.test.ts does it';
const TRACED = 'test/integration/telemetry.test.ts has a collector';
const NODE = 'for a node with GPUs';

/** What cannot exist here, and what stands in its place. */
export const REPLACED: readonly (readonly [string, (world: World) => string])[] = [
  ['configs/quickstart.yaml', ({ config }) => config],
  ['THUDM/glm-4-9b-hf', ({ model }) => model],
  ['THUDM/LongWriter-glm4-9b', ({ model }) => `other=${model}`],
  [' rows.jsonl', ({ file }) => ` ${file('rows.jsonl')}`],
  ['gs://bucket/pairs.parquet', () => 'gs://longwriter/pairs.parquet'],
  ['longbench_write.jsonl', ({ file }) => file('benchmark.jsonl')],
  ['https://host/bench.jsonl', ({ url }) => `${url}/benchmark.jsonl`],
  ['--sha256 …', ({ benchmarkHash }) => `--sha256 ${benchmarkHash}`],
  ['https://api.openai.com/v1', ({ url }) => `${url}/v1`],
  ['http://gpu1:8000/v1', ({ url }) => `${url}/v1`],
  ['old=judge.jsonl', ({ file }) => `old=${file('judge.jsonl')}`],
  ['demo 3f9c', ({ sample }) => `demo ${sample()}`],
  ['--out scores', ({ file }) => `--out ${file('scores')}`],
  ['/backup/store', ({ file }) => file('backup')],
  ['.longwriter/store', ({ store }) => store],
];

const small = ({ config }: World): string => `--config ${config}`;

/** Every documented command, in the order in which they are run. */
export const ENTRIES: readonly Entry[] = [
  notHere('npm start', E2E),
  notHere('npm test', 'this is part of it'),
  notHere('npm run setup', 'every other way to start the project runs it first; test/unit/setup.test.ts tests it'),
  notHere('npm run longwriter -- dev', 'it is up already: all other commands are run against it'),
  longwriter('start --help', { says: '--until' }),
  longwriter('doctor --config configs/quickstart.yaml', { says: 'ok    queue longwriter-gpu' }),
  longwriter('start --config configs/quickstart.yaml --run demo --dry-run', { says: 'calls' }),
  longwriter('start --config configs/quickstart.yaml --run demo --until dataset', {
    before: (world) => world.hold(),
    says: 'run demo started',
  }),
  longwriter('pause demo'),
  longwriter('resume demo', { before: (world) => world.release() }),
  longwriter('status demo --watch'),
  longwriter('status', { says: 'demo' }),
  longwriter('retry demo --reason section-words', { says: '1 rejected sample' }),
  longwriter('dataset stats demo', { before: (world) => world.ended('demo'), says: 'rejected: section-words' }),
  longwriter('dataset show demo --reason too-short --max-words 1000'),
  longwriter('dataset show demo 3f9c --text'),
  longwriter('dataset diff demo other', { before: (world) => world.start('other', '--set seed=7') }),
  longwriter('dataset page demo', { more: ({ file }) => `--out ${file('demo.html')}` }),
  longwriter('train --method sft --data rows.jsonl --model THUDM/glm-4-9b-hf --run mine --watch', { more: small }),
  longwriter(
    'train --method dpo --data gs://bucket/pairs.parquet --model mine:sft --run tuned --set training.dpo.beta=0.05 --watch',
    { more: small },
  ),
  longwriter(
    'evaluate --run scores --benchmark longbench_write.jsonl --model tuned:dpo --model THUDM/LongWriter-glm4-9b --watch',
    { more: small },
  ),
  longwriter(
    'evaluate --benchmark https://host/bench.jsonl --sha256 … --endpoint api=gpt-4o-2024-05-13@https://api.openai.com/v1 --endpoint-key-env api=OPENAI_API_KEY --judge-url http://gpu1:8000/v1 --judge-model my-judge --completions 3 --judgements 3',
    { more: (world) => `--watch ${small(world)}` },
  ),
  longwriter('evaluate --predictions old=judge.jsonl', { more: () => '--watch' }),
  longwriter('report scores --out scores'),
  longwriter('schedule create --id daily --every 24h --model tuned:dpo', { more: small }),
  longwriter('schedule list', { says: 'daily' }),
  longwriter('schedule trigger daily --watch'),
  longwriter('schedule show daily', { says: 'steady' }),
  run('mkdir -p /backup/store'),
  run('cp -au .longwriter/store/calls .longwriter/store/inputs /backup/store/'),
  run('cp -au .longwriter/store/. /backup/store/'),
  run('cp -a /backup/store .longwriter/store', { before: (world) => world.loseStore() }),
  longwriter('resume demo --until dataset', { after: (world) => world.endedForNothing('demo') }),
  longwriter('prune'),
  longwriter('prune --older-than 30d --yes', { says: 'nothing to prune' }),
  longwriter('prune --run demo --calls --json', { says: '"removed":false' }),

  longwriter('worker pipeline', { until: 'polling as pipeline' }),
  longwriter('worker llm --endpoint writer', { until: 'polling as llm' }),
  longwriter('worker llm --health 8090', { until: 'polling as llm' }),
  longwriter('worker gpu', { until: 'polling as gpu' }),
  longwriter('worker gpu llm --endpoint served', { until: 'polling as' }),
  notHere('npm run longwriter -- worker all --build-id 2026-11-26', PROMOTED),
  notHere('npm run longwriter -- worker --promote --build-id 2026-11-26', PROMOTED),
  notHere('npm run longwriter -- worker --promote --build-id v2', PROMOTED),
  notHere('npm run worker', 'dev runs the same workers'),
  notHere('npm run worker -- llm', 'dev runs the same workers'),
  notHere('OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:4318 npm start', TRACED),
  notHere('OTEL_METRICS_EXPORTER=prometheus OTEL_EXPORTER_PROMETHEUS_PORT=9465 npm run worker', TRACED),
  notHere('npm run experiment -- claim --quick', 'test/e2e/claim.test.ts runs it, smaller still'),
  notHere('npm run experiment -- claim', BENCH),
  notHere('npm run bench -- cli', BENCH),
  notHere('npm run bench -- status', BENCH),
  notHere('npm run bench -- telemetry', BENCH),
  notHere('npm run bench -- telemetry --rounds 8', BENCH),
  notHere(
    'LONGWRITER_CODEC_TOKEN_FILE=/run/secrets/codec npm run longwriter -- codec-server --web https://cloud.temporal.io',
    'test/integration/codec-ui.test.ts has one',
  ),
  notHere('npm run bench -- generate', BENCH),
  notHere('npm run bench -- generate --samples 6000', BENCH),
  notHere('npm run bench -- dataset', BENCH),
  notHere('npm run bench -- dataset --rows 1000000 --words 60', BENCH),
  notHere('npm run bench -- evaluate', BENCH),
  notHere('npm run bench -- evaluate-statistics', BENCH),
  notHere('npm run bench -- train', BENCH),
  notHere('npm run bench -- train --no-overhead', BENCH),
  notHere('npm run bench -- train --repeats 2', BENCH),
  notHere('uv sync --project trainer --frozen --group gpu --group flash', NODE),
  notHere('export LONGWRITER_TRAINER_PYTHON=$PWD/trainer/.venv/bin/python', NODE),
  notHere('squeue --me --name=demo.sft.1a2b3c4d --states=all', 'test/integration/slurm.test.ts has a cluster'),
  notHere(
    'sudo useradd --system --home-dir /var/lib/longwriter longwriter',
    'test/integration/deploy.test.ts has the units',
  ),
  notHere('sudo install -D -m 600 openai-key.txt /etc/longwriter/secrets/OPENAI_API_KEY', 'writes to /etc'),
  notHere('sudo install -D -m 644 docs/deploy/systemd/worker.env /etc/longwriter/worker.env', 'writes to /etc'),
  notHere(
    'sudo install -m 644 docs/deploy/systemd/longwriter-worker@.service docs/deploy/systemd/longwriter.target /etc/systemd/system/',
    'writes to /etc',
  ),
  notHere(
    'sudo install -D -m 644 --target-directory=/etc/systemd/system/longwriter-worker@llm.service.d docs/deploy/systemd/longwriter-worker@llm.service.d/keys.conf',
    'writes to /etc',
  ),
  notHere(
    'sudo install -D -m 644 --target-directory=/etc/systemd/system/longwriter-worker@gpu.service.d docs/deploy/systemd/longwriter-worker@gpu.service.d/trainer.conf',
    'writes to /etc',
  ),
  notHere(
    'sudo systemctl enable --now longwriter.target longwriter-worker@pipeline longwriter-worker@llm',
    'no systemd runs here',
  ),
  notHere("journalctl --unit 'longwriter-worker@*' --follow", 'no systemd runs here'),
  notHere('kubectl create namespace longwriter', 'no cluster'),
  notHere(
    'kubectl --namespace longwriter create secret generic longwriter --from-file=OPENAI_API_KEY=openai-key.txt',
    'no cluster',
  ),
  notHere(
    'kubectl --namespace longwriter apply --filename docs/deploy/kubernetes/workers.yaml',
    'no cluster; test/integration/deploy.test.ts validates the file',
  ),
  notHere('kubectl --namespace longwriter get pods --selector app=longwriter', 'no cluster'),
  notHere(
    'gcloud iam roles create longwriter --project=PROJECT --stage=GA --permissions=storage.objects.list,storage.objects.get,storage.objects.create,storage.objects.delete',
    'no Google account; test/integration/store-permissions.test.ts counts the permissions',
  ),
  notHere(
    'gcloud storage buckets add-iam-policy-binding gs://bucket --role=projects/PROJECT/roles/longwriter --member=serviceAccount:longwriter@PROJECT.iam.gserviceaccount.com',
    'no Google account',
  ),
];
