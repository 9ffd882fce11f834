/**
 * A text as one word of a script of bash, whatever is in it but NUL. A carriage return is spelled out: sbatch refuses
 * scripts with line ends of DOS.
 */
export function quoteShell(text: string): string {
  const parts = text.split(/(['\r])/);
  return parts
    .map((part) => (part === "'" ? String.raw`\'` : part === '\r' ? String.raw`$'\r'` : `'${part}'`))
    .join('');
}
