/** Something that a person set, and that cannot be used; the message is one line: what, where, what to do. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}
