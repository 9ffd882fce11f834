/** Words and characters of a text that a report shows; a page of many long texts cannot be opened on a phone. */
const MOST_WORDS = 800;
const MOST_CHARACTERS = 8000;

/**
 * The beginning of a text as a page may show it, and whether it was cut. Control characters become pictures of
 * themselves, halves of characters a replacement; line ends and tabs stay.
 */
export function readableText(text: string): { readonly text: string; readonly cut: boolean } {
  const start = text.slice(0, MOST_CHARACTERS);
  const words = [...start.matchAll(/\S+/g)].slice(0, MOST_WORDS + 1);
  const end = words.length > MOST_WORDS ? words[MOST_WORDS]!.index : start.length;
  return { text: visible(start.slice(0, end)), cut: end < text.trimEnd().length };
}

const CONTROL = new RegExp(String.raw`[\u0000-\u0008\u000b-\u001f\u007f-\u009f]|\p{Surrogate}`, 'gu');

function visible(text: string): string {
  return text.replace(/\r\n?/g, '\n').replace(CONTROL, (character) => {
    const code = character.charCodeAt(0);
    if (code < 0x20) return String.fromCharCode(0x2400 + code);
    return code === 0x7f ? '\u2421' : '\ufffd';
  });
}
