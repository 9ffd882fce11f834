import { beforeAll, describe, expect, test } from 'vitest';
import { languageDetector, type LanguageDetector } from '../../activities/detect-language.ts';

describe('the language of an instruction', () => {
  let detect: LanguageDetector;
  beforeAll(async () => {
    detect = await languageDetector();
  });

  test.each([
    ['Write a 2000-word essay about the sea.', 'en'],
    ['写一篇两千字的关于大海的文章', 'zh'],
    ['用 Python 和 Docker 写一篇 3000 字的教程', 'zh'],
    ['Schreibe einen Aufsatz über das Meer mit 2000 Wörtern.', 'de'],
    ['Écris un essai de 2000 mots sur la mer.', 'fr'],
    ['海についての記事を書いてください', 'ja'],
    ['', undefined],
    ['1234 5678', undefined],
  ])('%s is %s', (text, language) => {
    expect(detect(text)).toBe(language);
  });

  test('what a file itself says is believed, in words or as a code; a word that nobody knows is none', () => {
    expect(detect('Hola', 'English')).toBe('en');
    expect(detect('Hello', 'Chinese')).toBe('zh');
    expect(detect('Hello', 'fr')).toBe('fr');
    expect(detect('Hello there, how are you today?', 'Klingonese')).toBeUndefined();
  });
});
