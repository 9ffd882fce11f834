import { parseDocument } from 'yaml';
import { z } from 'zod';
import { compileRules, type RuleFinder } from '../../../domain/prompt-rules.ts';
import { PromptRule } from '../../../domain/schemas/prompt-rule.ts';
import { RowsError } from './source-row.ts';

/** Reads a YAML list of rules; fails with RowsError, one line that names the file, the rule and what is wrong. */
export function parsePromptRules(file: string, text: string): RuleFinder {
  const document = parseDocument(text);
  const [broken] = document.errors;
  if (broken) throw new RowsError(`${file}: ${broken.message.split('\n')[0]}`);
  const parsed = z.array(PromptRule).min(1).safeParse(document.toJS());
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const [index, ...rest] = issue?.path ?? [];
    const where = index === undefined ? 'expected a list of rules' : `rule ${Number(index) + 1}: ${rest.join('.')}`;
    throw new RowsError(`${file}: ${where}: ${issue?.message}`);
  }
  const rules = compileRules(parsed.data);
  if (!rules.ok) throw new RowsError(`${file}: ${rules.reason}`);
  return rules.find;
}
