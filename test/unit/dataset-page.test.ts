import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Store } from '../../activities/io/store/store.ts';
import { embeddedJson, type SampleDetails } from '../../activities/report/dataset-page.ts';
import { sampleKey } from '../../domain/keys.ts';
import { writeDatasetPage } from '../../scripts/commands/dataset-page.ts';
import { loadAhead } from '../../scripts/load-ahead.ts';
import { HOSTILE, id, TEA, writeRun } from './dataset-run.ts';

describe('longwriter dataset page', () => {
  let folder: string;
  let store: Store;
  const print = () => {};
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'longwriter-dataset-page-'));
    store = await writeRun(join(folder, 'store'), TEA);
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  const textOf = (file: string): Promise<string> => readFile(file, 'utf8');
  const page = async (): Promise<string> => {
    const file = join(folder, 'page.html');
    expect(await writeDatasetPage('tea', { out: file }, store, print)).toBe(0);
    return textOf(file);
  };
  const scripts = (text: string) => [...text.matchAll(/<script([^>]*)>([\s\S]*?)<\/script>/g)];
  const detailsIn = (text: string): SampleDetails[] =>
    scripts(text)
      .filter(([, attributes]) => attributes!.includes('text/plain'))
      .map(([, , packed]) => JSON.parse(gunzipSync(Buffer.from(packed!, 'base64')).toString()) as SampleDetails);

  it('holds the list and, compressed, plan, sections, refused draws and text of each sample', async () => {
    const text = await page();
    const [list] = scripts(text);
    expect((JSON.parse(list![2]!) as object[])[2]).toMatchObject({ sample: id('c'), reason: 'too-short', words: 3 });
    const details = detailsIn(text);
    expect(details.map(({ view }) => view)).toEqual(['found', 'found', 'gone', 'none']);
    expect(details[0]).toMatchObject({
      prompt: 'Write 8 words about tea.',
      plan: [{ words: 4 }, { mainPoint: 'Warmth', words: 5 }],
      sections: [{ words: 3 }, { words: 5 }],
      refused: [{ step: 'section 2', reason: 'section-refusal' }],
      texts: ['Tea is old.', 'Tea is warm and brown.'],
    });
    expect(details[1]!.texts.join('\n\n')).toBe(TEA.texts![id('b')]);
  });

  it('keeps what models and users wrote inert', async () => {
    const text = await page();
    expect(text).not.toMatch(/<img|onerror=window\.escaped=1>|window\.escaped=1<|\u2028/);
    // The list, our script, and the details of four samples: nothing opened or closed another one.
    expect(scripts(text).map(([, attributes]) => attributes)).toEqual([
      ' type="application/json" id="index"',
      '',
      ...[0, 1, 2, 3].map((index) => ` type="text/plain" id="details-${index}"`),
    ]);
    expect(text.match(/<\/script>/g)).toHaveLength(6);
    expect((JSON.parse(scripts(text)[0]![2]!) as { detail: string }[])[2]!.detail).toBe(HOSTILE);
    expect(embeddedJson(HOSTILE)).not.toMatch(/[<>&\u2028]/);
  });

  it('loads nothing, and lets one script run, by its hash', async () => {
    const text = await page();
    const script = scripts(text)[1]![2]!;
    const hash = createHash('sha256').update(script).digest('base64');
    expect(text).toContain(`script-src &#39;sha256-${hash}&#39;;`);
    expect(text).toContain('default-src &#39;none&#39;');
    const markup = text.replace(/<script[^>]*>[\s\S]*?<\/script>/g, '');
    expect(markup).not.toMatch(/\b(?:src|href|srcset|action)\s*=|url\(|@import/i);
    expect(script).not.toMatch(/innerHTML|outerHTML|insertAdjacent|document\.write|eval|fetch|import/);
  });

  it('gives the same bytes again, and leaves nothing beside its file', async () => {
    expect(await page()).toBe(await page());
    expect((await readdir(folder)).toSorted()).toEqual(['page.html', 'store']);
  });

  it('keeps an earlier page where it fails, and says in one line where it cannot write', async () => {
    const before = await page();
    await store.putView(sampleKey('tea', id('a')), new TextEncoder().encode('{"cut'));
    await expect(page()).rejects.toThrow(`${sampleKey('tea', id('a'))}: not valid JSON`);
    expect(await textOf(join(folder, 'page.html'))).toBe(before);
    expect((await readdir(folder)).toSorted()).toEqual(['page.html', 'store']);
    const nowhere = join(folder, 'nowhere/page.html');
    await expect(writeDatasetPage('tea', { out: nowhere }, store, print)).rejects.toMatchObject({
      exitCode: 2,
      message: `cannot write ${nowhere} (ENOENT)`,
    });
  });
});

describe('what is loaded ahead', () => {
  it('comes in order, no more than so many at once', async () => {
    let loading = 0;
    let most = 0;
    const load = async (item: number): Promise<number> => {
      most = Math.max(most, ++loading);
      for (let turn = item; turn < 9; turn++) await Promise.resolve();
      return item;
    };
    const found: number[] = [];
    for await (const item of loadAhead([1, 2, 3, 4, 5, 6, 7, 8], 3, load)) {
      loading--;
      found.push(item);
    }
    expect([found, most]).toEqual([[1, 2, 3, 4, 5, 6, 7, 8], 3]);
  });

  it('fails where its turn comes', async () => {
    const load = async (item: number): Promise<number> => {
      if (item === 2) throw new Error('two');
      return item;
    };
    const found: number[] = [];
    const all = async (): Promise<void> => {
      for await (const item of loadAhead([1, 2, 3], 3, load)) found.push(item);
    };
    await expect(all()).rejects.toThrow('two');
    expect(found).toEqual([1]);
  });
});
