import { chromium, type BrowserContextOptions, type Page } from 'playwright-core';

const ARGS = [
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/**
 * Opens a file in Debian's chromium without a network, and ends the browser after the work.
 *
 * @param work gets the page, loaded, and what the browser complained of so far: uncaught errors, and what a policy refused
 */
export async function withPage<T>(
  file: string,
  work: (page: Page, complaints: readonly string[]) => Promise<T>,
  options: BrowserContextOptions = {},
): Promise<T> {
  const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', chromiumSandbox: false, args: ARGS });
  try {
    const page = await browser.newPage({ ...options, offline: true });
    const complaints: string[] = [];
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('console', (message) => {
      if (message.type() === 'error') complaints.push(message.text());
    });
    await page.goto(`file://${file}`);
    return await work(page, complaints);
  } finally {
    await browser.close();
  }
}
