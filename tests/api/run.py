#!/usr/bin/env python3
"""Tries the server API of a real gateway against docs/openapi.json, with schemathesis, on either broker.

The gateway has the sandbox for its WeChat and an API key; all are ended when it is over. Words given
on the command line are passed on to schemathesis.
"""

import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
BUILT = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "debug"
SCHEMATHESIS = ROOT / "target" / "api-venv" / "bin" / "schemathesis"
KEY = "a key for the tests of the API"
# The sandbox's made-up account.
ACCOUNT = {
    "SCANGATE_WECHAT_APP_ID": "wx5ca9a7e5a4db0c01",
    "SCANGATE_WECHAT_APP_SECRET": "5a4db0c05a4db0c05a4db0c05a4db0c0",
    "SCANGATE_WECHAT_TOKEN": "sandboxtoken",
    "SCANGATE_WECHAT_ENCODING_AES_KEY": "sandboxsandboxsandboxsandboxsandboxsandboxA",
}


def start(words, variables, pattern, pipe):
    """Starts a program; returns it, and what `pattern` finds in the first line that has it."""
    program = subprocess.Popen(words, env=variables, text=True, **{pipe: subprocess.PIPE})
    said = []
    for line in getattr(program, pipe):
        said.append(line)
        found = re.search(pattern, line)
        if found:
            return program, found[1]
    raise SystemExit(f"{words[0]} did not start:\n{''.join(said)}")


def main():
    """First the embedded broker, in full; then Redis, where there is one, with fewer cases of each kind."""
    failed = tries({}, [])
    if shutil.which("redis-server") is None:
        print("left out, because redis-server is not installed: the API of a gateway on Redis")
        return failed
    with tempfile.TemporaryDirectory(prefix="scangate-redis-") as folder:
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        redis, _ = start(
            ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", folder],
            os.environ,
            r"(Ready to accept connections)",
            "stdout",
        )
        try:
            broker = {"SCANGATE_BROKER_URL": f"redis://127.0.0.1:{port}"}
            return tries(broker, ["--max-examples", "25"]) or failed
        finally:
            redis.kill()
            redis.wait()


def tries(broker, words):
    """Tries a gateway of its own on this broker; `words` are more for schemathesis."""
    print("broker:", broker.get("SCANGATE_BROKER_URL", "embedded"), flush=True)
    programs = []
    with tempfile.TemporaryDirectory(prefix="scangate-api-") as data:
        try:
            sandbox, url = start(
                [BUILT / "scangate-sandbox", "serve", "--listen", "127.0.0.1:0"],
                {},
                r"^sandbox listening on (http:\S+)",
                "stdout",
            )
            programs.append(sandbox)
            gateway, address = start(
                [BUILT / "scangate", "serve"],
                {
                    **ACCOUNT,
                    **broker,
                    "SCANGATE_WECHAT_API_URL": url,
                    "SCANGATE_PUBLIC_LISTEN": "127.0.0.1:0",
                    "SCANGATE_PUSH_LISTEN": "127.0.0.1:0",
                    "SCANGATE_OPS_LISTEN": "127.0.0.1:0",
                    "SCANGATE_OPS_API_KEY": KEY,
                    "SCANGATE_DATA_DIR": data,
                    "SCANGATE_LOG_FORMAT": "json",
                    # Nobody reads on: what goes wrong on purpose shall not fill the pipe.
                    "SCANGATE_LOG_LEVEL": "off,scangate::node=info",
                },
                r'"listener":"ops","address":"([^"]+)"',
                "stderr",
            )
            programs.append(gateway)
            return schemathesis(f"http://{address}", words)
        finally:
            for program in programs:
                program.kill()
                program.wait()


def schemathesis(url, words):
    words = [
        SCHEMATHESIS,
        "--config-file",
        HERE / "schemathesis.toml",
        "run",
        f"{url}/api/v1/openapi.json",
        "--url",
        url,
        "--header",
        f"Authorization: Bearer {KEY}",
        *words,
        *sys.argv[1:],
    ]
    variables = {**os.environ, "SCHEMATHESIS_HOOKS": str(HERE / "hooks.py")}
    # What it leaves behind belongs there.
    folder = ROOT / "target"
    return subprocess.run(words, cwd=folder, env=variables, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
