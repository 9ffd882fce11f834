import { z } from 'zod';

const positive = z.number().positive();
const count = z.number().int().positive();
const belowOne = z.number().min(0).lt(1);
const path = z.string().min(1);

/** Options by which the launcher knows a job again, or hears from it. */
const OWN_OPTIONS =
  /^(?:--(?:job-name|dependency|output|error|chdir|open-mode|signal|array|wrap|parsable|no-requeue|test-only|wait)(?:=|$)|-[JdoeDaW])/;

/** How a job, a training or a served model, gets onto a GPU node. */
export const LauncherSettings = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('local') }).describe('as a process of the GPU worker itself'),
  z
    .strictObject({
      kind: z.literal('slurm'),
      partition: z.string().min(1).optional().describe("Slurm's default partition where unset"),
      gres: z.string().min(1).optional().describe('such as gpu:8'),
      cpus: count.optional().describe('CPU cores of the job'),
      memory: z.string().min(1).optional().describe("memory of the node, in sbatch's words, such as 200G"),
      timeLimitMinutes: count.default(1440).describe('minutes after which Slurm ends the job'),
      signalSeconds: count.default(300).describe('seconds before that limit at which the job is told to save'),
      options: z
        .array(
          z
            .string()
            .regex(/^--?\w/, 'expected an option of sbatch, such as --account=x')
            .refine(
              (option) => !OWN_OPTIONS.test(option),
              'the launcher sets this option itself, and needs it as it is',
            ),
        )
        .default([])
        .describe('further options of sbatch, such as --account=x'),
    })
    .refine(({ timeLimitMinutes, signalSeconds }) => signalSeconds < timeLimitMinutes * 60, {
      path: ['signalSeconds'],
      message: 'expected less than timeLimitMinutes: a job would be told to save before it began',
    })
    .describe('as a Slurm job; the worker runs on a login node and shares its home folder with the GPU nodes'),
]);
export type LauncherSettings = z.infer<typeof LauncherSettings>;

/** Hyper-parameters that SFT and DPO share; they reach the trainer's job.json in snake_case. */
const hyperparameters = {
  epochs: positive.default(4),
  maxSteps: count.optional().describe('optimizer steps; ends earlier than the epochs where set'),
  learningRate: positive.default(1e-5),
  lrScheduler: z.enum(['cosine', 'linear', 'constant', 'constant_with_warmup']).default('cosine'),
  warmupRatio: belowOne.default(0.03),
  weightDecay: z.number().min(0).default(0.1),
  adamBeta1: belowOne.default(0.9),
  adamBeta2: belowOne.default(0.95),
  maxGradNorm: positive.default(1),
  batchSize: count.default(8).describe('rows, or packs, of one optimizer step, over all GPUs'),
  microBatchSize: count.default(1).describe('rows, or packs, that a GPU holds at once'),
  maxLength: count.default(32768).describe('tokens of a row, and of a pack'),
  overLong: z.enum(['skip', 'cut']).default('skip').describe('what becomes of rows above maxLength; both are counted'),
  saveSteps: count.default(400).describe('optimizer steps between checkpoints'),
  keepCheckpoints: count.default(2),
  precision: z.enum(['bf16-autocast', 'float32']).default('bf16-autocast'),
  gradientCheckpointing: z.boolean().default(true),
  device: z.enum(['auto', 'cpu']).default('auto'),
  attention: z
    .enum(['auto', 'eager', 'sdpa', 'flash_attention_2', 'flash_attention_3'])
    .default('auto')
    .describe('auto is flash attention where CUDA and its package are, else sdpa'),
  liger: z.boolean().default(true).describe('Liger kernels, where CUDA and their package are'),
  lora: z
    .strictObject({
      rank: count.default(16),
      alpha: count.default(32),
      dropout: belowOne.default(0),
      targets: z
        .array(z.string().min(1))
        .min(1)
        .default(['all-linear'])
        .describe('modules, by the ends of their names'),
    })
    .optional()
    .describe('trains low-rank adapters, merged into the model at the end; full fine-tuning where unset'),
};

/** How models are trained. */
export const training = z.strictObject({
  baseModel: path.describe('folder on the GPU node, a hub name, or store:FOLDER of a model in the store'),
  alone: z
    .strictObject({
      method: z.enum(['sft', 'dpo']),
      data: path.describe('JSON Lines or Parquet of messages, or of prompt, chosen and rejected; a path, or gs://'),
    })
    .optional()
    .describe('trains the base model on these rows, and walks no other stage; longwriter train sets it'),
  chatTemplate: path
    .optional()
    .describe("Jinja file of the chat template to train with and to keep in the model; the base model's where unset"),
  trustRemoteCode: z
    .strictObject({ reason: z.string().min(1).describe('why code from the hub may run on the GPU node') })
    .optional()
    .describe('off unless it is named'),
  command: z
    .array(z.string().min(1))
    .min(1)
    .default(['{python}', '-m', 'longwriter_trainer', '{job}'])
    .describe('{python} {project} {job} are filled in; accelerate launch for several GPUs'),
  launcher: LauncherSettings.prefault({ kind: 'local' }).describe('how a training gets onto a GPU node'),
  reportTo: z
    .array(z.enum(['tensorboard', 'wandb']))
    .default([])
    .describe("Transformers' own reporters; their accounts come from the environment of the GPU node"),
  graceSeconds: count.default(60).describe('seconds that a stopped training has to save a checkpoint'),
  stallMinutes: positive.default(30).describe('minutes without an event, within a phase, after which a trainer hangs'),
  sft: z
    .strictObject({
      ...hyperparameters,
      packing: z
        .boolean()
        .default(false)
        .describe('rows share packs of maxLength tokens and attend only to themselves'),
      lossWeighting: z
        .enum(['token', 'sequence', 'token-x-rows'])
        .default('token')
        .describe(
          'mean over the target tokens of a step (the paper), over its rows (LongAlign), or what the released code computes',
        ),
    })
    .prefault({}),
  dpo: z
    .strictObject({
      ...hyperparameters,
      learningRate: positive.default(1e-6),
      beta: positive.default(0.1),
      sftWeight: z.number().min(0).default(0).describe('weight of an SFT term on the chosen answer; 0 is off'),
      precomputeReference: z.boolean().default(true),
    })
    .prefault({}),
});
