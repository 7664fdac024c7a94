"""llama.cpp's llama-server out of one PyPI package, for `treeline bench --against`:
python3 -m venv DIR && DIR/bin/pip install xllamacpp==2026.10.11549
DIR/bin/python tooling/serveLlama.py TARGET.gguf --port 8081 --speculation draft-simple --draft DRAFT.gguf
It listens on this machine only, on one slot, and ends with Ctrl+C."""

import argparse
import os
import time

import xllamacpp

PREFIX = "COMMON_SPECULATIVE_TYPE_"
TYPES = {
    name.removeprefix(PREFIX).lower().replace("_", "-"): getattr(xllamacpp.common_speculative_type, name)
    for name in dir(xllamacpp.common_speculative_type)
    if name.startswith(PREFIX) and not name.endswith("COUNT")
}

options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
options.add_argument("target")
options.add_argument("--draft", help="for the draft types")
options.add_argument("--speculation", choices=sorted(TYPES), default="none")
options.add_argument("--draft-max", type=int, help="drafted tokens at most; llama.cpp's default if absent")
options.add_argument("--port", type=int, default=8080)
options.add_argument("--threads", type=int, default=os.cpu_count())
options.add_argument("--context", type=int, default=4096)
asked = options.parse_args()
if asked.speculation.startswith("draft") and asked.draft is None:
    options.error(f"--speculation {asked.speculation} needs --draft")

params = xllamacpp.CommonParams()
params.model.path = asked.target
params.hostnames = ["127.0.0.1"]
params.port = asked.port
params.n_parallel = 1
params.n_ctx = asked.context
params.endpoint_slots = True
params.cpuparams.n_threads = asked.threads
params.cpuparams_batch.n_threads = asked.threads
params.speculative.types = [TYPES[asked.speculation]]
if asked.draft is not None:
    draft = params.speculative.draft
    draft.mparams.path = asked.draft
    draft.cpuparams.n_threads = asked.threads
    draft.cpuparams_batch.n_threads = asked.threads
    if asked.draft_max is not None:
        draft.n_max = asked.draft_max

server = xllamacpp.Server(params)
print(f"{server.listening_address}: {asked.target}, {asked.speculation}", flush=True)
while True:
    time.sleep(3600)
