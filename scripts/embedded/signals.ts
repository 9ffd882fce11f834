/** What the first signal does, and the second; the latest caller knows most about what runs. */
let action: { readonly stop: () => Promise<void>; readonly force: () => Promise<void> } | undefined;

let stopping = false;

/**
 * Ends the program cleanly on the first Ctrl-C, or SIGTERM, or SIGHUP. A later call replaces what is done.
 *
 * @param stop what ends all that was started
 * @param force what a second signal does: it ends the same at once; by default what an earlier call gave
 */
export function stopOnSignals(stop: () => Promise<void>, force = action?.force ?? stop): void {
  const first = action === undefined;
  action = { stop, force };
  if (!first) return;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, onSignal);
}

function onSignal(): void {
  if (!stopping) console.error('stopping; the run goes on from here with the next start (once more: stop at once)');
  const end = stopping ? action?.force : action?.stop;
  stopping = true;
  void end?.().finally(() => process.exit(130));
}
