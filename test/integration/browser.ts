import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';

const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--remote-debugging-pipe',
];

interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly params?: object;
  readonly result?: { readonly [name: string]: unknown };
  readonly error?: { readonly message: string };
}

/** One open page of a browser. */
export interface Page {
  /** What an expression is, promises awaited; fails where it throws. */
  evaluate(expression: string): Promise<unknown>;
  /** What the browser complained of: uncaught exceptions, and what a policy refused. */
  complaints(): readonly string[];
}

/** Opens a file in Debian's chromium, over a pipe (Chrome DevTools Protocol), and ends the browser after the work. */
export async function withPage<T>(file: string, work: (page: Page) => Promise<T>): Promise<T> {
  const profile = await mkdtemp(join(tmpdir(), 'longwriter-chromium-'));
  const args = [...FLAGS, `--user-data-dir=${profile}`, 'about:blank'];
  const browser = spawn('/usr/bin/chromium', args, { stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'] });
  try {
    return await work(await openPage(browser.stdio[3] as Writable, browser.stdio[4] as Readable, `file://${file}`));
  } finally {
    const ended = once(browser, 'exit');
    browser.kill('SIGKILL');
    await ended;
    await rm(profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  }
}

async function openPage(commands: Writable, answers: Readable, url: string): Promise<Page> {
  const waiting = new Map<number, (message: Message) => void>();
  const events: Message[] = [];
  let rest = '';
  answers.setEncoding('utf8').on('data', (chunk: string) => {
    const messages = (rest + chunk).split('\0');
    rest = messages.pop()!;
    for (const message of messages.map((text) => JSON.parse(text) as Message)) {
      if (message.id === undefined) events.push(message);
      else waiting.get(message.id)!(message);
    }
  });
  let session = {};
  let last = 0;
  const send = async (method: string, params: object = {}): Promise<Record<string, unknown>> => {
    const id = ++last;
    const answer = new Promise<Message>((resolve) => waiting.set(id, resolve));
    commands.write(`${JSON.stringify({ id, method, params, ...session })}\0`);
    const { result, error } = await answer;
    if (error) throw new Error(`${method}: ${error.message}`);
    return result ?? {};
  };
  const { targetId } = await send('Target.createTarget', { url: 'about:blank' });
  session = { sessionId: (await send('Target.attachToTarget', { targetId, flatten: true }))['sessionId'] };
  for (const domain of ['Page', 'Runtime', 'Log']) await send(`${domain}.enable`);
  await send('Page.navigate', { url });
  return {
    evaluate: async (expression) => {
      const answer = await send('Runtime.evaluate', { expression, awaitPromise: true, returnByValue: true });
      if (answer['exceptionDetails']) throw new Error(JSON.stringify(answer['exceptionDetails']));
      return (answer['result'] as { value: unknown }).value;
    },
    complaints: () =>
      events
        .filter(({ method }) => method === 'Runtime.exceptionThrown' || method === 'Log.entryAdded')
        .map(({ params }) => JSON.stringify(params)),
  };
}
