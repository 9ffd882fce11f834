/**
 * Lets a program live on where nobody reads any more what it writes to a stream, as behind `head`.
 * @param then what to do at that; nothing where unset
 */
export function outliveReader(stream: NodeJS.WriteStream, then: () => void = () => undefined): void {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    then();
  });
}
