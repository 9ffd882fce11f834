import type { PromptRule } from './schemas/prompt-rule.ts';

/** Characters of a prompt that the rules read: what an expression with two stars takes grows with the square of them. */
const READ_CHARACTERS = 10_000;
const SHOWN_CHARACTERS = 80;

/** What a rule found. */
export interface RuleHit {
  readonly rule: string;
  /** The text that it matched, cut to 80 characters. */
  readonly text: string;
}

/** Looks for the first rule, in the order of the list, that a prompt's first 10,000 characters match. */
export type RuleFinder = (prompt: string) => RuleHit | undefined;

/** Makes rules ready, or says which cannot be used and why. */
export function compileRules(
  rules: readonly PromptRule[],
): { readonly ok: true; readonly find: RuleFinder } | { readonly ok: false; readonly reason: string } {
  const compiled: { name: string; expression: RegExp }[] = [];
  for (const { name, pattern, flags } of rules) {
    if (compiled.some((rule) => rule.name === name)) return { ok: false, reason: `rule ${name} stands there twice` };
    if (isExplosive(pattern))
      return { ok: false, reason: `rule ${name}: a repetition inside a repetition, as (a+)+, may never end` };
    try {
      compiled.push({ name, expression: new RegExp(pattern, flags) });
    } catch (error) {
      return { ok: false, reason: `rule ${name}: ${(error as Error).message}` };
    }
  }
  return {
    ok: true,
    find: (prompt) => {
      const read = prompt.slice(0, READ_CHARACTERS);
      for (const { name, expression } of compiled) {
        const found = expression.exec(read);
        if (found) return { rule: name, text: found[0].slice(0, SHOWN_CHARACTERS) };
      }
      return undefined;
    },
  };
}

/** Whether a group that repeats without a limit holds a repetition without a limit: matching may take exponential time. */
function isExplosive(pattern: string): boolean {
  const bare = pattern.replace(/\\./gsu, 'x').replace(/\[[^\]]*\]/gu, 'x');
  const unlimited: boolean[] = [false];
  for (let at = 0; at < bare.length; at++) {
    const character = bare[at];
    if (character === '(') unlimited.push(false);
    else if (character === ')') {
      const inner = unlimited.pop() ?? false;
      if (inner && /^(?:[*+]|\{\d+,\})/u.test(bare.slice(at + 1))) return true;
      if (inner) unlimited[unlimited.length - 1] = true;
    } else if (character === '*' || character === '+' || /^\{\d+,\}/u.test(bare.slice(at)))
      unlimited[unlimited.length - 1] = true;
  }
  return false;
}
