import { CommandError, EXIT } from './exit.ts';
import { codeOf, hasCode, namespaceMissing } from './grpc.ts';
import { printable, printableJson } from './terminal.ts';

/** What a person is told of an error, in one line, and the exit code that stands for it. */
export interface ToldError {
  readonly message: string;
  readonly exitCode: number;
}

/** Errors of ours whose message says what to do, by name: so that none of them has to be loaded to be known. */
const OURS = new Map<string, number>([
  ['ConfigError', EXIT.usage],
  ['RowsError', EXIT.usage],
  ['StoreError', EXIT.usage],
  ['CorruptObjectError', EXIT.failed],
  ['AlreadyRunningError', EXIT.failed],
  ['EmbeddedError', EXIT.failed],
  ['WorkflowNotFoundError', EXIT.noSuchRun],
  ['ScheduleNotFoundError', EXIT.noSuchRun],
  ['WorkflowFailedError', EXIT.failed],
]);

/** What to tell of an error that a person can cause or mend; undefined for a defect of ours. */
export function knownError(error: unknown): ToldError | undefined {
  if (!(error instanceof Error)) return undefined;
  const message = oneLine(error.message);
  if (error instanceof CommandError) return { message, exitCode: error.exitCode };
  const { code, problem, syscall } = error as Error & { code?: unknown; problem?: unknown; syscall?: unknown };
  // A store that is out of reach may answer the next time; any other complaint of it is about what was asked.
  if (error.name === 'StoreError' && problem === 'Unavailable') return { message, exitCode: EXIT.failed };
  const ours = OURS.get(error.name);
  if (ours !== undefined) return { message, exitCode: ours };
  if (typeof code === 'string' && /^(?:commander\.|ERR_PARSE_ARGS)/.test(code))
    return { message: message.replace(/^error: /, ''), exitCode: EXIT.usage };
  if (typeof syscall === 'string') return { message, exitCode: EXIT.failed };
  return serverError(error);
}

/** What Temporal's server, or the way to it, says. */
function serverError(error: Error): ToldError | undefined {
  if (codeOf(error) === undefined) return undefined;
  const { details } = (typeof (error as { code?: unknown }).code === 'number' ? error : (error.cause ?? {})) as {
    details?: unknown;
  };
  const said = oneLine(typeof details === 'string' && details !== '' ? details : error.message);
  if (hasCode(error, 'deadlineExceeded', 'unavailable'))
    return { message: `the Temporal server does not answer (${said})`, exitCode: EXIT.unreachable };
  if (hasCode(error, 'permissionDenied', 'unauthenticated'))
    return { message: `the Temporal server refuses this (${said}); check its key`, exitCode: EXIT.usage };
  const [, namespace] = /^Namespace (\S+) is not found/i.exec(said) ?? [];
  if (namespace !== undefined && hasCode(error, 'notFound'))
    return { message: namespaceMissing(namespace), exitCode: EXIT.usage };
  return { message: `the Temporal server says: ${said}`, exitCode: EXIT.failed };
}

function oneLine(text: string): string {
  return printable(text.trim().replace(/\s*\n\s*/g, ' '));
}

/**
 * Tells an error that ends a command, and sets the exit code: one line on standard error, with `json` one object
 * `{ error, exitCode }` on standard output instead; a stack only for a defect of ours. Help that was printed is no error.
 */
export function tellError(error: unknown, json: boolean): void {
  if (isHelp(error)) {
    process.exitCode = error.exitCode === 0 ? EXIT.done : EXIT.usage;
    return;
  }
  const known = knownError(error);
  const exitCode = known?.exitCode ?? EXIT.failed;
  if (!known) console.error(error);
  if (json) console.log(printableJson({ error: known?.message ?? oneLine(String(error)), exitCode }));
  else if (known) console.error(`longwriter: ${known.message}`);
  process.exitCode = exitCode;
}

/** Commander ends by an error where it has printed help, or the version. */
function isHelp(error: unknown): error is { readonly exitCode: number } {
  const { code } = (error ?? {}) as { code?: unknown };
  return code === 'commander.help' || code === 'commander.helpDisplayed' || code === 'commander.version';
}

/** Tells what nobody caught, too, and ends the program by it. */
export function tellUncaught(json: boolean): void {
  process.on('uncaughtException', (error) => {
    // Temporal's client tries a call again on a connection that was closed meanwhile: nobody waits for it any more.
    if (error.message === 'Channel has been shut down') return;
    tellError(error, json);
    process.exit();
  });
}
