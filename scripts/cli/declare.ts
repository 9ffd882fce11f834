import type { Command } from 'commander';

/** Declares how to ask and judge: of an evaluation, and of a schedule's firings. */
export const judgingOptions = <T extends Command>(command: T): T =>
  command
    .option('--sha256 <hash>', 'what the benchmark must hash to')
    .option('--judge-url <url>', 'another judge, with --judge-model; "embedded" is that of npm start')
    .option('--judge-model <id>', 'its name there')
    .option('--judge-key-env <variable>', 'environment variable, on the workers, with its key')
    .option('--completions <count>', 'completions of each prompt')
    .option('--judgements <count>', 'judgements of each completion; 0 measures lengths alone and asks no judge')
    .option('--limit <count>', 'prompts taken, from the start of the benchmark');

/** Declares the models behind endpoints that are measured: by an evaluation, and by a schedule's firings. */
export const endpointOptions = <T extends Command>(command: T): T =>
  command
    .option(
      '--endpoint <[name=]model@url>',
      'a model behind an OpenAI-compatible base URL; may be repeated',
      collect,
      [],
    )
    .option(
      '--endpoint-key-env <[name=]variable>',
      'environment variable, on the workers, with the key of that endpoint, or of all; may be repeated',
      collect,
      [],
    );

/** Gathers the values of an option that may be repeated. */
export const collect = (value: string, all: readonly string[]): string[] => [...all, value];

/** An example at the end of a command's help. */
export const help = (example: string): string => `\nExample:\n  npm run longwriter -- ${example}`;

/** Makes what a command came to the exit code. */
export async function finish(command: Promise<number>): Promise<void> {
  process.exitCode = await command;
}
