"""SFT and DPO for LongWriter: one JSON job in, JSONL events, checkpoints and a model out."""
