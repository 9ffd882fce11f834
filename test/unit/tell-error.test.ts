import { ServiceError, WorkflowNotFoundError } from '@temporalio/client';
import { describe, expect, it } from 'vitest';
import { CorruptObjectError } from '../../activities/io/store/json.ts';
import { StoreError } from '../../activities/io/store/store.ts';
import { ConfigError } from '../../configs/load.ts';
import { AlreadyRunningError } from '../../scripts/embedded/services.ts';
import { EmbeddedError } from '../../scripts/embedded/wait-for.ts';
import { CommandError, EXIT } from '../../scripts/exit.ts';
import { oneOf } from '../../scripts/one-of.ts';
import { knownError } from '../../scripts/tell-error.ts';

const grpc = (code: number, details: string): Error =>
  new ServiceError('Failed to describe Workflow', { cause: Object.assign(new Error(details), { code, details }) });

describe('what a person is told of an error', () => {
  it('has an exit code for everything that a person can cause or mend', () => {
    const full = Object.assign(new Error('ENOSPC: no space left on device, write'), {
      code: 'ENOSPC',
      syscall: 'write',
    });
    for (const [error, exitCode] of [
      [new CommandError(EXIT.noSuchRun, 'no run'), 4],
      [new ConfigError('a.yaml: broken'), 2],
      [new StoreError('Forbidden', 'no'), 2],
      [new StoreError('Unavailable', 'gone'), 1],
      [new CorruptObjectError('a.json: not valid JSON'), 1],
      [new AlreadyRunningError('beside another'), 1],
      [new EmbeddedError('Temporal ended'), 1],
      [new WorkflowNotFoundError('not found', 'demo', undefined), 4],
      [grpc(14, 'connection dropped'), 3],
      [grpc(4, 'deadline exceeded'), 3],
      [grpc(16, 'token expired'), 2],
      [grpc(7, 'denied'), 2],
      [grpc(5, 'Namespace nowhere is not found.'), 2],
      [grpc(3, 'invalid query'), 1],
      [full, 1],
      [
        Object.assign(new Error("error: unknown option '--x'\n(Did you mean --y?)"), {
          code: 'commander.unknownOption',
        }),
        2,
      ],
      [Object.assign(new TypeError("Unknown option '--x'"), { code: 'ERR_PARSE_ARGS_UNKNOWN_OPTION' }), 2],
    ] as const)
      expect([String(error), knownError(error)?.exitCode]).toEqual([String(error), exitCode]);
  });

  it('is one line that a terminal may have, whatever the error says', () => {
    expect(knownError(new ConfigError('first\n  second \u001b[2J'))?.message).toBe('first second ␛[2J');
    expect(knownError(grpc(5, 'Namespace nowhere is not found.'))?.message).toMatch(
      /^the Temporal server has no namespace nowhere; set TEMPORAL_NAMESPACE, or create it: /,
    );
  });

  it('leaves a defect of ours to its stack', () => {
    expect([knownError(new TypeError('x is not a function')), knownError('text'), knownError(undefined)]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });
});

describe('one of some words', () => {
  it('names the nearest where one is near, and all of them', () => {
    expect(oneOf('--method', 'sft', ['sft', 'dpo'])).toBe('sft');
    expect(() => oneOf('stage', 'datset', ['select', 'dataset'])).toThrow(
      'expected one of select, dataset; did you mean "dataset"?',
    );
    expect(() => oneOf('stage', 'xyzzy', ['select', 'dataset'])).toThrow(/expected one of select, dataset$/);
  });
});
