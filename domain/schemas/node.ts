import { z } from 'zod';

/** What the trainer's Python tells of its machine (trainer/longwriter_trainer/node.py), in the trainer's own snake_case. */
export const NodeReport = z.strictObject({
  /** Of Python and the packages that a training needs. */
  versions: z.record(z.string(), z.string()),
  devices: z.array(z.strictObject({ name: z.string(), free_bytes: z.number(), total_bytes: z.number() })),
  /** Whether the machine has NVIDIA's driver. */
  driver: z.boolean(),
});
export type NodeReport = z.infer<typeof NodeReport>;
