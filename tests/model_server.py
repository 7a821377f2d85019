"""A small server that speaks OpenAI's chat completions, for tests and trials: well-behaved, obeying or broken.

By hand: `python -m tests.model_server --port 8765`, then TRON_MODEL_URL=http://127.0.0.1:8765/v1 TRON_MODEL=trial
`tron day --planner model`.
"""

import argparse
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Asked = Mapping[str, Any]
"""The body of a request: model, messages, response_format and so on."""
NEVER_SECONDS = 30.0


@dataclass
class Answer:
    """status, content or a whole body; bytes are sent as they are. fault: hang, drip, cut, flood, redirect."""

    content: str | None = ""
    status: int = 200
    raw: bytes | None = None
    refusal: str | None = None
    finish: str = "stop"
    usage: Any = field(default_factory=lambda: {"prompt_tokens": 900, "completion_tokens": 100, "total_tokens": 1000})
    fault: str = ""

    def body(self, asked: Asked) -> bytes:
        """As a chat completion."""
        if self.raw is not None:
            return self.raw
        message = {"role": "assistant", "content": self.content, "refusal": self.refusal}
        return json.dumps({
            "id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": asked.get("model"),
            "choices": [{"index": 0, "finish_reason": self.finish, "message": message}], "usage": self.usage,
        }).encode()


Behaviour = Callable[[Asked, int], Answer]
"""From what was asked and how many were asked before."""


class ModelServer:
    """On a free port of this machine. asked: the bodies of all requests; headers: of the last one."""

    def __init__(self, behaviour: Behaviour, port: int = 0) -> None:
        self.behaviour = behaviour
        self.asked: list[Asked] = []
        self.headers: Mapping[str, str] = {}
        self.over = threading.Event()
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", port), self._handler())
        self._server.daemon_threads = True

    @property
    def url(self) -> str:
        """Base of the API."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/v1"

    def serve(self) -> None:
        """Until `close`."""
        self._server.serve_forever(poll_interval=0.05)

    def close(self) -> None:
        """Also ends what hangs."""
        self.over.set()
        self._server.shutdown()
        self._server.server_close()

    def take(self, asked: Asked, headers: Mapping[str, str]) -> Answer:
        """Note the request, and answer it."""
        with self._lock:
            number = len(self.asked)
            self.asked.append(asked)
            self.headers = headers
        return self.behaviour(asked, number)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                answer = server.take(asked, {name.lower(): value for name, value in self.headers.items()})
                try:
                    self._send(answer, answer.body(asked))
                except OSError:
                    self.close_connection = True

            def _send(self, answer: Answer, body: bytes) -> None:
                if answer.fault == "hang":
                    server.over.wait(NEVER_SECONDS)
                    return
                self.send_response(307 if answer.fault == "redirect" else answer.status)
                self.send_header("Content-Type", "application/json")
                if answer.fault == "redirect":
                    self.send_header("Location", server.url + "/chat/completions")
                more = 1000 if answer.fault == "cut" else 0
                size = 64 * 1024 * 1024 if answer.fault == "flood" else len(body) + more
                self.send_header("Content-Length", str(size))
                self.end_headers()
                if answer.fault == "drip":
                    for place in range(len(body)):
                        self.wfile.write(body[place : place + 1])
                        if server.over.wait(0.05):
                            return
                elif answer.fault == "flood":
                    for _ in range(1024):
                        self.wfile.write(b" " * 64 * 1024)
                else:
                    self.wfile.write(body)
                self.close_connection = bool(answer.fault)

            def log_message(self, format: str, *args: Any) -> None:
                """Nothing: a test reads what was asked."""

        return Handler


def facts_of(asked: Asked) -> dict[str, Any]:
    """What the question says, of the FACTS."""
    text = asked["messages"][1]["content"]
    found: dict[str, Any] = json.loads(text.partition("FACTS\n")[2].partition("\n\nHEADLINES")[0])
    return found


def headlines_of(asked: Asked) -> list[dict[str, Any]]:
    """What the question says, of the HEADLINES."""
    found: list[dict[str, Any]] = json.loads(asked["messages"][1]["content"].rpartition("data)\n")[2])["items"]
    return found


def sensible(asked: Asked, size: float = 0.5) -> dict[str, Any]:
    """An answer that may be used: each class at `size` as the rules have it, with what is cited."""
    facts, headlines = facts_of(asked), headlines_of(asked)
    cited = [{"path": path, "value": value} for path, value in list(facts["citable"].items())[:2]]
    quotes = [{"headline": one["id"], "score": 0.2, "quote": one["title"][:20].strip()} for one in headlines[:3]]
    return {
        "classes": [
            {"asset_class": one["asset_class"], "size": size, "strategy": "", "universe": [], "parameters": [],
             "reason": "the regime is as the rules read it, and little is known", "numbers": cited}
            for one in facts["may_choose"]
        ],
        "headlines": quotes, "day_score": 0.1 if quotes else 0, "day_reason": "calm" if quotes else "",
        "day_quotes": [quotes[0]["quote"]] if quotes else [],
    }


def well_behaved(asked: Asked, _: int) -> Answer:
    """What a careful model would say."""
    return Answer(json.dumps(sensible(asked)))


@contextmanager
def serving(behaviour: Behaviour) -> Iterator[ModelServer]:
    """A server in a thread, for as long as it is used."""
    server = ModelServer(behaviour)
    thread = threading.Thread(target=server.serve, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.close()
        thread.join(5)


def main() -> None:
    """Serve the well-behaved model until interrupted."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=8765)
    parser.add_argument("--fault", default="", choices=("", "hang", "drip", "cut", "flood", "redirect"))
    chosen = parser.parse_args()

    def behaviour(asked: Asked, number: int) -> Answer:
        answer = well_behaved(asked, number)
        answer.fault = chosen.fault
        return answer

    server = ModelServer(behaviour, chosen.port)
    print(f"serving {server.url}", flush=True)
    try:
        server.serve()
    except KeyboardInterrupt:
        server.over.set()


if __name__ == "__main__":
    main()
