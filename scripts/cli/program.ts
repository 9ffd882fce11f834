import { Command } from 'commander';
import { declareDatasets } from './datasets.ts';
import { help } from './declare.ts';
import { declareOperations } from './operations.ts';
import { declareRuns } from './runs.ts';
import { declareSchedules } from './schedules.ts';
import { declareStages } from './stages.ts';

/** All commands, declared; what they do is loaded when one runs. A mistake in usage is thrown, and told by who catches it. */
export function buildProgram(): Command {
  const program = new Command('longwriter')
    .description('Runs LongWriter on Temporal: AgentWrite, SFT, DPO and LongBench-Write.')
    .version('0.1.0')
    .showSuggestionAfterError()
    .configureHelp({ showGlobalOptions: false })
    .configureOutput({ outputError: () => undefined })
    .exitOverride()
    .addHelpText('after', help('start --config configs/quickstart.yaml --run demo'));
  declareRuns(program);
  declareStages(program);
  declareDatasets(program);
  declareSchedules(program);
  declareOperations(program);
  return program;
}
