'use strict';

// The script of a dataset's page (dataset-page.ts), in the browser. Texts of models and users become text nodes alone.
(() => {
  const ROWS = 100;
  const find = (id) => document.getElementById(id);
  const entries = JSON.parse(find('index').textContent).map((entry, position) => ({ ...entry, position }));
  const form = find('filters');
  const field = (name) => form.elements.namedItem(name);
  let wanted = entries;
  let page = 0;
  let opened;

  const number = (value) => (value === null ? '–' : value.toLocaleString('en-US'));
  const score = (value) => (value === null ? '–' : value.toFixed(1));
  const label = ({ verdict, reason }) => (reason === null ? verdict : `${verdict}: ${reason}`);

  function element(tag, content = '', attributes = {}) {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    made.append(...(typeof content === 'string' ? [content] : content));
    return made;
  }

  function choices(name, options) {
    field(name).append(...options.map(([value, text]) => element('option', text, { value })));
  }

  function countsOf(values) {
    const counts = new Map();
    for (const value of values) if (value !== null) counts.set(value, (counts.get(value) ?? 0) + 1);
    return [...counts].toSorted((a, b) => b[1] - a[1]).map(([value, count]) => [value, `${value} (${number(count)})`]);
  }

  const ORDERS = {
    selected: () => 0,
    shortest: (a, b) => (a.words ?? Infinity) - (b.words ?? Infinity),
    longest: (a, b) => (b.words ?? -1) - (a.words ?? -1),
    score: (a, b) => (a.lengthScore ?? Infinity) - (b.lengthScore ?? Infinity),
  };

  function filter() {
    const [verdict, language] = [field('verdict').value, field('language').value];
    const least = field('minWords').value === '' ? undefined : Number(field('minWords').value);
    const most = field('maxWords').value === '' ? undefined : Number(field('maxWords').value);
    const search = field('search').value.trim().toLowerCase();
    wanted = entries
      .filter(
        (entry) =>
          (verdict === '' || verdict === entry.verdict || verdict === label(entry)) &&
          (language === '' || language === entry.language) &&
          (least === undefined || (entry.words !== null && entry.words >= least)) &&
          (most === undefined || (entry.words !== null && entry.words <= most)) &&
          (search === '' || (entry.instruction ?? '').toLowerCase().includes(search) || entry.sample === search),
      )
      .toSorted(ORDERS[field('order').value]);
    page = 0;
    list();
  }

  function list() {
    const first = page * ROWS;
    const rows = wanted.slice(first, first + ROWS);
    const last = first + rows.length;
    find('count').textContent =
      `${number(wanted.length)} of ${number(entries.length)} samples` +
      (wanted.length > ROWS ? `, ${number(first + 1)} to ${number(last)} shown` : '');
    const turn = (text, by, isEnd) => {
      const button = element('button', text, isEnd ? { type: 'button', disabled: '' } : { type: 'button' });
      button.addEventListener('click', () => {
        page += by;
        list();
      });
      return button;
    };
    const buttons = [turn('previous', -1, page === 0), turn('next', 1, last >= wanted.length)];
    find('pages').replaceChildren(...(wanted.length > ROWS ? buttons : []));
    find('rows').replaceChildren(...rows.map(row));
  }

  function row(entry) {
    const text = entry.instruction === null ? `(instruction gone) ${entry.sample}` : entry.instruction.slice(0, 140);
    const made = element('tr', [
      element('td', [element('button', text, { type: 'button', dir: 'auto' })]),
      element('td', label(entry), { class: `text ${entry.verdict}` }),
      element('td', number(entry.words)),
      element('td', number(entry.required)),
      element('td', score(entry.lengthScore)),
    ]);
    made.dataset.position = entry.position;
    if (entry === opened) made.setAttribute('aria-current', 'true');
    made.addEventListener('click', () => void open(entry));
    return made;
  }

  async function open(entry) {
    opened = entry;
    for (const other of find('rows').children) {
      if (Number(other.dataset.position) === entry.position) other.setAttribute('aria-current', 'true');
      else other.removeAttribute('aria-current');
    }
    location.hash = entry.sample;
    const target = find('sample');
    target.replaceChildren(...heading(entry), element('p', 'loading …', { class: 'note' }));
    const parts = await details(entry).then(body, (error) => [
      element('p', `The details cannot be read: ${error.message}`, { class: 'absent' }),
    ]);
    if (opened !== entry) return;
    target.replaceChildren(...heading(entry), ...parts);
    target.scrollTop = 0;
    if (matchMedia('(max-width: 1000px)').matches) target.scrollIntoView();
  }

  /** The details of a sample, inflated; they may not have loaded yet. */
  async function details({ position }) {
    const id = `details-${position}`;
    if (document.readyState === 'loading' && !find(id)?.nextSibling)
      await new Promise((loaded) => document.addEventListener('DOMContentLoaded', loaded, { once: true }));
    const packed = find(id)?.textContent;
    if (!packed) throw new Error('this file is cut off');
    const bytes = Uint8Array.from(atob(packed), (character) => character.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip'));
    return JSON.parse(await new Response(stream).text());
  }

  function heading(entry) {
    const { split, row: line, origin, language, measures, detail } = entry;
    const facts = [
      entry.words === null ? '' : `${number(entry.words)} words`,
      entry.required === null ? 'no length required' : `${number(entry.required)} required`,
      entry.lengthScore === null ? '' : `S_l ${score(entry.lengthScore)}`,
      measures === null ? '' : `compression ratio ${measures.compressionRatio.toFixed(2)}`,
      measures === null ? '' : `repeated ${(100 * measures.repeated).toFixed(1)} %`,
      split === null ? '' : `${split}, row ${number(line)}`,
      origin ?? '',
      language ?? '',
    ].filter((fact) => fact !== '');
    return [
      element('h2', [
        element('span', label(entry), { class: entry.verdict }),
        element('small', [element('code', entry.sample)]),
      ]),
      ...(detail ? [element('p', detail)] : []),
      element('p', facts.join(' · '), { class: 'note' }),
    ];
  }

  const NOTES = {
    stale: 'Not what the dataset was made from: written before it under other settings, or anew since.',
    gone: 'The view of this sample is gone: its plan, sections and text cannot be shown.',
    none: 'The sample failed before it had a verdict.',
  };

  function body({ prompt, documents, view, plan, sections, refused, summaries, texts }) {
    const written = (text) => element('div', text, { class: 'written', dir: 'auto' });
    const part = (title, ...content) => [element('h3', title), ...content];
    const split = texts.length > 1 || (texts.length === 1 && sections.length === 1);
    return [
      ...part('Instruction', written(prompt ?? '(gone)')),
      ...documents.flatMap((text, index) => [
        element('details', [element('summary', `document ${index + 1}`), written(text)]),
      ]),
      ...(NOTES[view] ? [element('p', NOTES[view], { class: 'absent' })] : []),
      ...(plan.length > 0 ? part('Plan', planTable(plan, sections)) : []),
      ...(refused.length > 0
        ? part(
            'Refused draws',
            element(
              'ul',
              refused.map(({ step, reason }) => element('li', `${step}: ${reason}`)),
            ),
          )
        : []),
      ...(summaries > 0
        ? [element('p', `Summaries that stood for earlier sections: ${summaries}`, { class: 'note' })]
        : []),
      ...(texts.length === 0 ? [] : part('Text')),
      ...texts.flatMap((text, index) => [
        ...(split
          ? [element('p', `section ${index + 1}, ${number(sections[index].words)} words`, { class: 'note' })]
          : []),
        written(text),
      ]),
    ];
  }

  function planTable(plan, sections) {
    const head = element(
      'tr',
      ['', 'planned', 'written', 'main point'].map((text) => element('th', text)),
    );
    const rows = plan.map(({ mainPoint, words }, index) =>
      element('tr', [
        element('td', String(index + 1)),
        element('td', number(words)),
        element('td', number(sections[index]?.words ?? null)),
        element('td', mainPoint, { dir: 'auto' }),
      ]),
    );
    return element('div', [element('table', [element('thead', [head]), element('tbody', rows)])], { class: 'scroll' });
  }

  function openHash() {
    const entry = entries.find(({ sample }) => sample === location.hash.slice(1));
    if (entry && entry !== opened) void open(entry);
  }

  choices('verdict', [
    ['', 'all'],
    ...countsOf(entries.map(({ verdict }) => verdict)),
    ...countsOf(entries.map((entry) => (entry.reason === null ? null : label(entry)))),
  ]);
  choices('language', [['', 'all'], ...countsOf(entries.map(({ language }) => language))]);
  choices('order', [
    ['selected', 'as selected'],
    ['shortest', 'shortest first'],
    ['longest', 'longest first'],
    ['score', 'lowest S_l first'],
  ]);
  form.addEventListener('input', filter);
  form.addEventListener('submit', (event) => event.preventDefault());
  addEventListener('hashchange', openHash);
  filter();
  openHash();
})();
