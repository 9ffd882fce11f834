import { fileWriter, ParquetWriter } from 'hyparquet-writer';
import type { SftRow } from '../../../domain/schemas/dataset.ts';

/** Characters of text in one row group: what a writer or a reader holds at a time. */
const ROW_GROUP_CHARACTERS = 32 << 20;

/** What a message holds besides its text, in characters: short rows are many. */
const ROW_CHARACTERS = 200;

/** A column `messages` of lists of {role, content}, as `datasets` reads them. */
const SCHEMA: ConstructorParameters<typeof ParquetWriter>[0]['schema'] = [
  { name: 'root', num_children: 1 },
  { name: 'messages', repetition_type: 'REQUIRED', converted_type: 'LIST', num_children: 1 },
  { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
  { name: 'element', repetition_type: 'REQUIRED', num_children: 2 },
  { name: 'role', type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: 'REQUIRED' },
  { name: 'content', type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: 'REQUIRED' },
];

/** Writes training rows to a local Parquet file, a row group at a time. Same rows, same bytes. */
export class MessagesParquetWriter {
  readonly #writer: ParquetWriter;
  #group: SftRow['messages'][] = [];
  #characters = 0;

  constructor(localFile: string) {
    this.#writer = new ParquetWriter({
      writer: fileWriter(localFile),
      schema: SCHEMA,
      statistics: false,
      createdBy: 'longwriter',
    });
  }

  write({ messages }: SftRow): void {
    this.#group.push(messages);
    for (const { content } of messages) this.#characters += content.length + ROW_CHARACTERS;
    if (this.#characters >= ROW_GROUP_CHARACTERS) this.#flush();
  }

  close(): void {
    this.#flush();
    void this.#writer.finish();
  }

  #flush(): void {
    if (this.#group.length === 0) return;
    void this.#writer.write({
      columnData: [{ name: 'messages', data: this.#group, encoding: 'PLAIN' }],
      rowGroupSize: this.#group.length,
    });
    this.#group = [];
    this.#characters = 0;
  }
}
