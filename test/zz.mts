import { cleanSection } from '../domain/response.ts';
for (const t of [
  'Paragraph Three: x',
  '【第三段】x',
  '【第三段】\nx',
  '### Section 3\n\nx',
  '第三部分\nx',
  '**Paragraph 3**\nx',
  '### Paragraph 3: The Rise\n\nx',
  '### **Paragraph 3: The Rise**\n\nx',
  '**Paragraph 3',
  '### Section 3\n- item',
  '[Paragraph 3] x',
  '**[Paragraph 3]** x',
  'Paragraph 3 of 12: x',
  'Paragraph twenty-one - x',
  '段落三：x',
  '### Section 3\n\n**Paragraph 3:** x',
  'Section one was quiet.',
  'Paragraph 3:\r\nx',
  'Section 3\r\nx',
  '**Paragraph 3:**\n\n**Title**\n\nx',
  'Paragraph 3',
  '(Section 8) housing',
  '## 第三部分：市场\nx',
  '*Paragraph 3*: x',
  '__Paragraph 3__ x',
])
  console.log(
    JSON.stringify(t),
    '→',
    JSON.stringify(cleanSection(t)),
    cleanSection(cleanSection(t)) === cleanSection(t),
  );
for (const l of [
  'Paragraph 1:',
  '**Paragraph 1:',
  '# Paragraph 1: ',
  '**',
  '#',
  '【第一段】',
  ' ',
  '**Paragraph 1** ',
]) {
  const a = performance.now();
  cleanSection(l.repeat(20000) + 'x');
  console.log(l, performance.now() - a);
}
