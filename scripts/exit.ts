/** What a command's exit code says (docs: README, "Exit codes"). */
export const EXIT = { done: 0, failed: 1, usage: 2, unreachable: 3, noSuchRun: 4, interrupted: 130 } as const;

/** An end of a command that is told in one line, with its exit code. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  readonly exitCode: number;
  constructor(exitCode: number, message: string) {
    super(message);
    this.exitCode = exitCode;
  }
}
