import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { writeDatasetPage } from '../../scripts/commands/dataset-page.ts';
import { missing } from '../parts.ts';
import { HOSTILE, keptRow, rejection, writeRun } from '../unit/dataset-run.ts';
import { withPage } from './browser.ts';

const id = (index: number): string => index.toString(16).padStart(16, '0');
const SAMPLES = 250;
const indexes = Array.from({ length: SAMPLES }, (_, index) => index);

/** Sets a filter as a person does, and tells what the page then says. */
const filtered = (page: Page, name: string, value: string): Promise<unknown> =>
  page.evaluate(`(() => {
    const field = document.getElementById('filters').elements.namedItem(${JSON.stringify(name)});
    field.value = ${JSON.stringify(value)};
    field.dispatchEvent(new Event('input', { bubbles: true }));
    return [document.getElementById('count').textContent, document.querySelectorAll('#rows tr').length];
  })()`);

describe.skipIf(missing('chromium'))('the page of a dataset, in a browser', () => {
  let folder: string;
  const file = (): string => join(folder, 'page.html');
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'longwriter-page-'));
    const store = await writeRun(join(folder, 'store'), {
      run: 'tea',
      instructions: indexes.map((index) => ({ id: id(index), prompt: `Text ${index} of ${HOSTILE}` })),
      kept: indexes.slice(50).map((index) => keptRow(id(index), index - 50, { words: index })),
      rejected: indexes.slice(0, 50).map((index) => rejection(id(index), { words: index, detail: HOSTILE })),
      texts: { [id(7)]: `Tea is old.\n\n${HOSTILE}`, [id(8)]: HOSTILE },
      views: [id(7), id(8)],
    });
    await writeDatasetPage('tea', { out: file() }, store, () => {});
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  test('lists samples by the page, filters them, and opens one, whatever stands in it', async () => {
    await withPage(file(), async (page, complaints) => {
      expect(await filtered(page, 'verdict', '')).toEqual(['250 of 250 samples, 1 to 100 shown', 100]);
      expect(await filtered(page, 'verdict', 'rejected: too-short')).toEqual(['50 of 250 samples', 50]);
      expect(await filtered(page, 'minWords', '40')).toEqual(['10 of 250 samples', 10]);
      expect(await filtered(page, 'verdict', 'kept')).toEqual(['200 of 250 samples, 1 to 100 shown', 100]);
      expect(await filtered(page, 'maxWords', '59')).toEqual(['10 of 250 samples', 10]);
      await filtered(page, 'minWords', '');
      await filtered(page, 'maxWords', '');
      await filtered(page, 'verdict', '');
      expect(await filtered(page, 'search', 'TEXT 7 OF')).toEqual(['1 of 250 samples', 1]);
      const opened = await page.evaluate(`(async () => {
        document.querySelector('#rows button').click();
        const sample = document.getElementById('sample');
        while (!sample.querySelector('h3')) await new Promise((again) => setTimeout(again, 5));
        return [
          sample.querySelector('h2').textContent,
          [...sample.querySelectorAll('.written')].map((part) => part.textContent),
          [...sample.querySelectorAll('tbody tr')].map((row) => row.children[2].textContent),
          sample.querySelector('li').textContent,
          location.hash,
        ];
      })()`);
      expect(opened).toEqual([
        `rejected: too-short${id(7)}`,
        [`Text 7 of ${HOSTILE}`, `Tea is old.\n\n${HOSTILE}`],
        ['3', '5'],
        'section 2: section-refusal',
        `#${id(7)}`,
      ]);
      expect(await page.evaluate(`[typeof window.escaped, document.querySelectorAll('img').length]`)).toEqual([
        'undefined',
        0,
      ]);
      expect(complaints).toEqual([]);
    });
  });

  test('opens the sample that its address names, and runs no script but its own', async () => {
    await withPage(`${file()}#${id(8)}`, async (page, complaints) => {
      const text = await page.evaluate(`(async () => {
        while (!document.querySelector('#sample h3')) await new Promise((again) => setTimeout(again, 5));
        return document.querySelector('#sample .written:last-child').textContent;
      })()`);
      expect(text).toBe(HOSTILE);
      await page.evaluate(
        `document.body.append(Object.assign(document.createElement('script'), { textContent: 'window.escaped = 1' }))`,
      );
      expect(await page.evaluate('typeof window.escaped')).toBe('undefined');
      expect(complaints.join()).toContain('Content Security Policy');
    });
  });
});
