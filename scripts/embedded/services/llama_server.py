"""llama.cpp's OpenAI-compatible server on loopback, for the embedded pipeline.

Continuous batching, prefix cache, JSON schema and the model's own chat template. It ends with the process that started
it (unless --detached), and on SIGTERM. Its log has a line "launch_slot_ ... processing task" for each completion that was
begun and one "print_timing ... total time" for each that was finished: appended to one file, they count the model's work
across restarts.
"""

import argparse
import ctypes
import os
import signal
import sys
import threading
import time


def end_with_parent() -> None:
    """Ends this process when its parent is gone: a model server left behind would hold cores and memory."""
    parent = os.getppid()
    if sys.platform == "linux":
        # PR_SET_PDEATHSIG; the kernel does it at once, also while the weights are loading.
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(0.5)
        os._exit(0)

    threading.Thread(target=watch, daemon=True).start()


def main() -> None:
    """Parses the command line and serves until a signal."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", required=True, help="GGUF file")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--parallel", type=int, default=8, help="slots, each with its own context")
    parser.add_argument("--context", type=int, default=4096, help="tokens of one slot")
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 2)
    parser.add_argument("--api-key", default=None, help="key that requests must carry")
    parser.add_argument("--alias", default="model", help="the model's name in answers")
    parser.add_argument("--detached", action="store_true", help="go on when the parent is gone")
    options = parser.parse_args()

    if not options.detached:
        end_with_parent()
    # The system's own action, since a handler in Python would wait until the weights are loaded.
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_DFL)

    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = options.model
    params.model_alias = {options.alias}
    params.hostnames = ["127.0.0.1"]
    params.port = options.port
    params.n_parallel = options.parallel
    params.n_ctx = options.context * options.parallel
    params.cpuparams.n_threads = options.threads
    params.cpuparams_batch.n_threads = options.threads
    params.endpoint_metrics = True
    params.use_jinja = True
    params.warmup = False
    if options.api_key:
        params.api_keys = [options.api_key]
    # Constructed, it serves from threads of its own; the name keeps it alive.
    server = xllamacpp.Server(params)
    print(f"serving {options.alias} on {server.listening_address}", flush=True)
    while True:
        signal.pause()


if __name__ == "__main__":
    sys.exit(main())
