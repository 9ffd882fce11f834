import type { Command } from 'commander';
import type { CodecServerOptions } from '../commands/codec-server.ts';
import { collect, finish, help } from './declare.ts';

/** Declares the commands that run and look after the machinery. Each loads its code when it runs, so that --help is instant. */
export function declareOperations(program: Command): void {
  program
    .command('dev')
    .description('keep the embedded services and workers up')
    .option('--json', 'print JSON once all is up')
    .addHelpText('after', help('dev'))
    .action(async (options) => finish((await import('../commands/dev.ts')).dev(options)));

  program
    .command('completion')
    .description('print the completion script of a shell, for the command longwriter')
    .argument('<shell>', 'bash, zsh, fish or powershell')
    .addHelpText('after', help('completion bash > ~/.longwriter-completion.bash'))
    .action(async (shell) => (await import('../commands/completion.ts')).printCompletion(shell));

  program
    .command('doctor')
    .description('look whether everything is in place for a run: server, store, workers, endpoints, GPU nodes')
    .option('--config <file>', 'what is to run: its endpoints are asked, and its GPU nodes looked at')
    .option('--set <key=value>', 'override a value of the configuration; may be repeated', collect, [])
    .option('--from <stage>', 'first stage that is to run')
    .option('--until <stage>', 'last stage that is to run')
    .option('--fix', 'register missing search attributes')
    .option('--no-calls', 'ask no endpoint for an answer; a call has at most 64 tokens')
    .option('--wait <duration>', 'how long workers are waited for', '10s')
    .option('--json', 'print JSON')
    .addHelpText('after', help('doctor --config configs/quickstart.yaml'))
    .action(async (options) => finish((await import('../commands/doctor.ts')).doctor(options)));

  program
    .command('worker')
    .description('run workers of some roles, until a signal ends them')
    .argument('[roles...]', 'pipeline (workflows, and what touches only the store), llm (model calls), gpu, or all')
    .option(
      '--endpoint <name>',
      'an endpoint whose calls llm makes: writer, judge or served; may be repeated',
      collect,
      [],
    )
    .option('--max-activities <count>', 'activities at a time on each queue (default: 100, llm 200; gpu always has 1)')
    .option('--max-workflow-tasks <count>', 'workflow tasks at a time')
    .option('--max-cached-workflows <count>', 'workflows kept in memory')
    .option('--shutdown-grace <duration>', 'how long model calls under way have to end in after SIGTERM', '10m')
    .option('--end-jobs', 'gpu: SIGTERM also ends a trainer, which saves first; for a pod, which nothing outlives')
    .option('--health <[host:]port>', 'serve /healthz and /readyz there (default host: 127.0.0.1)')
    .option('--build-id <id>', 'version of these workers; "auto" is a hash of the workflows (default: unversioned)')
    .option('--deployment <name>', 'deployment that the version is of', 'longwriter')
    .option('--promote', 'start no worker: wait for those of --build-id, and let them have all work from now on')
    .option('--wait <duration>', 'how long --promote waits for them', '60s')
    .option('--json', 'print JSON')
    .addHelpText('after', help('worker llm --endpoint writer --health 8090'))
    .action(async (roles, options) => finish((await import('../commands/worker.ts')).worker(roles, options)));

  program
    .command('prune')
    .description('list what may go of the store and of this machine, with sizes; --yes removes it')
    .option('--run <run>', 'a whole run instead, which is not under way; may be repeated', collect, [])
    .option('--calls', 'with --run: also the model calls that only those runs paid for')
    .option('--older-than <duration>', 'only what nothing changed in for this long', '1d')
    .option('--yes', 'remove what is listed')
    .option('--json', 'print JSON')
    .addHelpText('after', help('prune --older-than 30d'))
    .action(async (options) => finish((await import('../commands/prune.ts')).prune(options)));

  program
    .command('codec-server')
    .description("open sealed payloads for Temporal's UI and command line")
    .option('--port <port>', 'port to listen on', '8081')
    .option('--host <host>', 'address to listen on', '127.0.0.1')
    .option('--web <origin>', 'address of a UI whose pages may ask; may be repeated', collect, [])
    .option('--no-auth', 'ask for no token; on loopback only')
    .option('--json', 'print JSON once it listens')
    .addHelpText('after', help('codec-server --web http://127.0.0.1:8233'))
    .action(async (options: CodecServerOptions) =>
      finish((await import('../commands/codec-server.ts')).codecServer(options)),
    );
}
