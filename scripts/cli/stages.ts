import type { Command } from 'commander';
import { collect, endpointOptions, finish, help, judgingOptions } from './declare.ts';

/** Declares the commands that run one stage alone. Each loads its code when it runs, so that --help is instant. */
export function declareStages(program: Command): void {
  program
    .command('train')
    .description('train a model on rows of your own, without the other stages')
    .requiredOption('--method <method>', 'sft, or dpo')
    .requiredOption(
      '--data <file>',
      'rows of messages (sft), or of prompt, chosen, rejected (dpo): JSON Lines or Parquet',
    )
    .requiredOption('--model <model>', 'folder on the GPU node, hub name, or RUN:sft for what another run trained')
    .option('--run <id>', 'run id; made of method and configuration where unset')
    .option(
      '--config <file>',
      'how to train: seed, training and gates.model of a configuration (default: configs/train.yaml)',
    )
    .option('--set <key=value>', 'override a value of it, such as training.sft.epochs=2; may be repeated', collect, [])
    .option('--priority <1-5>', 'how urgent it is beside other runs: 1 the most, 5 the least (default: 3)')
    .option('--watch', 'follow it until it ends')
    .option('--dry-run', 'print what it would take, about: calls, tokens, cost, time, GPU hours; starts nothing')
    .option('--assume <name=value>', 'change what --dry-run assumes; may be repeated', collect, [])
    .option('--json', 'print JSON; with --watch one object a line')
    .addHelpText('after', help('train --method sft --data rows.jsonl --model THUDM/glm-4-9b-hf --run mine --watch'))
    .action(async (options) => finish((await import('../commands/train.ts')).train(options)));

  const evaluate = program
    .command('evaluate')
    .description('measure models on a benchmark, without the other stages')
    .option('--benchmark <file>', 'JSON Lines of prompt, type, length: a path, gs://, or https:// (default: our own)')
    .option(
      '--model <[name=]model>',
      'folder on the GPU node, hub name, or RUN:base, RUN:sft, RUN:dpo; may be repeated',
      collect,
      [],
    );

  endpointOptions(evaluate)
    .option(
      '--predictions <[name=]file>',
      'answers that are there already, pred.jsonl or judge.jsonl; may be repeated',
      collect,
      [],
    )
    .option('--calibration <file>', 'answers with frozen scores (judge.jsonl), to tell whether the judge drifts');

  judgingOptions(evaluate)
    .option('--run <id>', 'run id; made of the configuration where unset')
    .option('--config <file>', 'how to ask, serve and judge (default: configs/evaluate.yaml)')
    .option(
      '--set <key=value>',
      'override a value of it, such as judge.sampling.temperature=0; may be repeated',
      collect,
      [],
    )
    .option('--priority <1-5>', 'how urgent it is beside other runs: 1 the most, 5 the least (default: 3)')
    .option('--watch', 'follow it until it ends, and print the scores')
    .option('--dry-run', 'print what it would take, about: calls, tokens, cost, time, GPU hours; starts nothing')
    .option('--assume <name=value>', 'change what --dry-run assumes; may be repeated', collect, [])
    .option('--json', 'print JSON; with --watch one object a line')
    .addHelpText(
      'after',
      help('evaluate --benchmark longbench_write.jsonl --endpoint mine=my-model@http://gpu1:8000/v1 --watch'),
    )
    .action(async (options) => finish((await import('../commands/evaluate.ts')).evaluate(options)));
}
