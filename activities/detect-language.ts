import { scriptOf } from '../domain/language.ts';

/** Says in which language a text is: a code of two letters, or undefined where it cannot be told. */
export type LanguageDetector = (text: string, named?: string) => string | undefined;

/** Characters of a text that are looked at. */
const READ_CHARACTERS = 2000;

/**
 * Makes a detector: Chinese by its script, the others by their n-grams (eld, offline). What a file itself says, such as
 * "English", is believed.
 */
export async function languageDetector(): Promise<LanguageDetector> {
  // Its tables take some 100 MB, which only a selection needs.
  const { eld } = await import('eld/small');
  const names = new Intl.DisplayNames(['en'], { type: 'language' });
  const codes = new Map(
    Object.values(eld.info().Languages).map((code) => [(names.of(code) ?? code).toLowerCase(), code]),
  );
  return (text, named) => {
    if (named !== undefined) return /^[a-z]{2}$/u.test(named) ? named : codes.get(named.toLowerCase());
    const read = text.slice(0, READ_CHARACTERS);
    if (scriptOf(read) === 'han') return 'zh';
    const found = eld.detect(read);
    return found.isReliable() ? found.language : undefined;
  };
}
