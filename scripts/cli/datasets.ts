import type { Command } from 'commander';
import { collect, finish, help } from './declare.ts';

const RUN_OR_DATASET = 'a run, for its newest dataset, or RUN/FINGERPRINT for an earlier one';

/** Declares the commands that look at a dataset. Each loads its code when it runs, so that --help is instant. */
export function declareDatasets(program: Command): void {
  const dataset = program
    .command('dataset')
    .description('look at a dataset: numbers, samples, differences, a page to browse')
    .addHelpText('after', help('dataset stats demo'));

  dataset
    .command('stats')
    .description('count kept and rejected samples, words and length scores')
    .argument('<run>', RUN_OR_DATASET)
    .option('--json', 'print JSON')
    .addHelpText('after', help('dataset stats demo'))
    .action(async (run, options) => finish((await import('../commands/dataset-stats.ts')).datasetStats(run, options)));

  dataset
    .command('show')
    .description('list samples, or show one with its plan, sections and reasons')
    .argument('<run>', RUN_OR_DATASET)
    .argument('[sample]', 'id of a sample, or the beginning of one')
    .option('--reason <reason>', 'only those rejected for this; may be repeated', collect, [])
    .option('--kept', 'only those that were kept')
    .option('--min-words <words>', 'only those that are not shorter')
    .option('--max-words <words>', 'only those that are not longer')
    .option('--limit <count>', 'samples listed at most (default: 50; all with --json)')
    .option('--text', 'print all of the text of a sample, not its beginning')
    .option('--json', 'print JSON, the whole text of a sample with it')
    .addHelpText('after', help('dataset show demo --reason too-short --max-words 1000'))
    .action(async (run, sample, options) =>
      finish((await import('../commands/dataset-show.ts')).datasetShow(run, sample, options)),
    );

  dataset
    .command('diff')
    .description('tell which samples, texts and settings differ between two datasets')
    .argument('<run>', RUN_OR_DATASET)
    .argument('<other>', 'the other one')
    .option('--json', 'print JSON, with every sample')
    .addHelpText('after', help('dataset diff demo other'))
    .action(async (run, other, options) =>
      finish((await import('../commands/dataset-diff.ts')).datasetDiff(run, other, options)),
    );

  dataset
    .command('page')
    .description('write one HTML file to browse a dataset with')
    .argument('<run>', RUN_OR_DATASET)
    .option('--out <file>', 'where to (default: RUN-dataset.html)')
    .option('--json', 'print JSON')
    .addHelpText('after', help('dataset page demo --out demo.html'))
    .action(async (run, options) =>
      finish((await import('../commands/dataset-page.ts')).writeDatasetPage(run, options)),
    );
}
