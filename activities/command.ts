/** Fills {name} in one part of a command template; unknown names stay, so that JSON arguments pass. */
export function fillCommandPart(part: string, values: Readonly<Record<string, string>>): string {
  return part.replace(/\{(\w+)\}/g, (slot, name: string) => values[name] ?? slot);
}

/** Fills {name} in every part of a command template. */
export function fillCommand(template: readonly string[], values: Readonly<Record<string, string>>): string[] {
  return template.map((part) => fillCommandPart(part, values));
}
