"""How long the official Python SDK takes to validate a session token. For `.ci/speed`.

    python tests/peers/speed.py tests/fixtures/tokens.json

Reads how often to do it, one number a line, and answers each with the nanoseconds that it took.
"""

import json
import os
import sys
import threading
import time
import warnings

from corpus import Handler, KeyServer

with open(sys.argv[1]) as file:
    recorded = json.load(file)
server = KeyServer(("127.0.0.1", 0), Handler)
server.body = json.dumps(recorded["jwks"]).encode()
threading.Thread(target=server.serve_forever, daemon=True).start()
os.environ["DESCOPE_BASE_URI"] = f"http://127.0.0.1:{server.server_port}"
warnings.simplefilter("ignore")

from descope import DescopeClient  # noqa: E402, it reads the environment

client = DescopeClient(project_id="P2dummyproject0000000000000000")
token = recorded["tokens"]["session"]
assert client.validate_session(token)["sub"] == "U2user00000000000000000000001"
for line in sys.stdin:
    start = time.perf_counter_ns()
    for _ in range(int(line)):
        client.validate_session(token)
    print(time.perf_counter_ns() - start, flush=True)
