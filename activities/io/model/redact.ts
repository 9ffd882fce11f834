/** Characters in a row that count as quoted from a request. */
const QUOTED = 24;

/** The longest message that is kept, and the longest that is looked at. */
const KEPT = 300;
const LOOKED_AT = 4000;

/**
 * What a provider said, without the key and without what it quotes of the texts it was sent, on one line, cut.
 *
 * @param texts messages of the request
 */
export function redact(message: string, apiKey: string | undefined, texts: readonly string[]): string {
  const withoutKey = apiKey ? message.replaceAll(apiKey, '[key]') : message;
  // As providers quote it: in JSON, where a newline is two characters; so the spaces are made the same.
  const flat = (text: string) => text.replace(/\\[nrt"]|["\s]+/g, ' ');
  return withoutQuotes(flat(withoutKey.slice(0, LOOKED_AT)), texts.map(flat))
    .replace(/\b(?:sk|key|pk)-[\w*-]{4,}/gi, '[key]')
    .slice(0, KEPT);
}

function withoutQuotes(message: string, texts: readonly string[]): string {
  let kept = '';
  for (let at = 0; at < message.length;) {
    const begin = message.slice(at, at + QUOTED);
    const text = begin.length === QUOTED ? texts.find((one) => one.includes(begin)) : undefined;
    if (text === undefined) {
      kept += message[at++];
      continue;
    }
    let length = QUOTED;
    while (at + length < message.length && text.includes(message.slice(at, at + length + 1))) length++;
    kept += '[text]';
    at += length;
  }
  return kept;
}
