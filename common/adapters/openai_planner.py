"""A language model behind any address that speaks OpenAI's API: one deadline for all questions, nothing retried."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any, Final

import httpx2
import openai

from common.planner_ports import Message, Reply
from common.redaction import Secret

MAX_BYTES: Final = 512 * 1024
MAX_TOKENS: Final = 10_000_000
GRACE_SECONDS: Final = 2.0
LATE: Final = "no answer within the time"
NO_KEY: Final = "none"
"""What is sent where no key is needed: the client insists on one."""


class TooLarge(httpx2.TransportError):
    """The answer is larger than any that is asked for."""


class OpenAiPlanner:
    """key: asked for when it is needed; None: none is needed. What is called says nothing in any log of ours."""

    def __init__(
        self, base_url: str, model: str, key: Callable[[], Secret | None], temperature: float | None = None,
        *, needs_key: bool = True,
    ) -> None:
        self._base_url = base_url
        self._model = model
        self._key = key
        self._temperature = temperature
        self._needs_key = needs_key

    def ask(
        self, questions: Sequence[Sequence[Message]], schema: Mapping[str, Any], max_tokens: int,
        deadline_seconds: float,
    ) -> tuple[list[Reply], float]:
        """A reply each, in order, and the seconds that it took; never raises for what the other side does."""
        began = time.monotonic()
        try:
            found = self._key()
        except OSError as error:
            return [Reply("", f"the model's key cannot be read: {error}", 0, 0)] * len(questions), 0.0
        if found is None and self._needs_key:
            return [Reply("", "there is no secret openai-api-key: store it first", 0, 0)] * len(questions), 0.0
        answered: SimpleQueue[list[Reply]] = SimpleQueue()

        def work() -> None:
            answered.put(asyncio.run(self._ask(questions, schema, max_tokens, began + deadline_seconds, found)))

        # A thread of its own that nobody waits for: a name server that hangs would keep the loop from closing.
        Thread(target=work, name="model", daemon=True).start()
        try:
            replies = answered.get(timeout=deadline_seconds + GRACE_SECONDS)
        except Empty:
            replies = [Reply("", LATE)] * len(questions)
        return replies, time.monotonic() - began

    async def _ask(
        self, questions: Sequence[Sequence[Message]], schema: Mapping[str, Any], max_tokens: int, until: float,
        key: Secret | None,
    ) -> list[Reply]:
        left = max(0.01, until - time.monotonic())
        http = httpx2.AsyncClient(
            transport=_Bounded(httpx2.AsyncHTTPTransport(trust_env=False)), follow_redirects=False, trust_env=False,
            timeout=left,
        )
        client = openai.AsyncOpenAI(
            api_key=key.reveal() if key is not None else NO_KEY, base_url=self._base_url, http_client=http,
            max_retries=0, timeout=left, organization="", project="",
        )
        tasks = [asyncio.create_task(self._one(client, one, schema, max_tokens)) for one in questions]
        done, late = await asyncio.wait(tasks, timeout=max(0.01, until - time.monotonic()))
        for task in late:
            task.cancel()
        await asyncio.gather(*late, http.aclose(), return_exceptions=True)
        return [task.result() if task in done else Reply("", LATE) for task in tasks]

    async def _one(
        self, client: openai.AsyncOpenAI, question: Sequence[Message], schema: Mapping[str, Any], max_tokens: int,
    ) -> Reply:
        form: Any = {"type": "json_schema", "json_schema": {"name": "plan", "strict": True, "schema": dict(schema)}}
        asked: Any = [{"role": role, "content": text} for role, text in question]
        more: dict[str, Any] = {} if self._temperature is None else {"temperature": self._temperature}
        try:
            answer = await client.chat.completions.create(
                model=self._model, messages=asked, response_format=form, max_completion_tokens=max_tokens, n=1, **more,
            )
            return reply_of(answer)
        except openai.APIStatusError as error:
            return Reply("", f"the model's server answers {error.status_code}", *_charged(error.status_code))
        except openai.OpenAIError as error:
            return Reply("", f"the model's server cannot be used: {type(error).__name__}")
        except Exception as error:  # what a server sends may break its client anywhere, and the day goes on
            return Reply("", f"the answer cannot be read: {type(error).__name__}")


def reply_of(answer: Any) -> Reply:
    """Of a completion, whose parts may be missing or of any type: the client does not look."""
    usage = getattr(answer, "usage", None)
    tokens = _count(getattr(usage, "prompt_tokens", None)), _count(getattr(usage, "completion_tokens", None))
    choices = getattr(answer, "choices", None)
    if not isinstance(choices, list) or not choices:
        return Reply("", "an answer without a choice", *tokens)
    message, ended = getattr(choices[0], "message", None), getattr(choices[0], "finish_reason", None)
    if getattr(message, "refusal", None):
        return Reply("", "the model refuses to answer", *tokens)
    if ended == "length":
        return Reply("", "the answer was cut: raise TRON_MODEL_MAX_OUTPUT_TOKENS", *tokens)
    text = getattr(message, "content", None)
    if not isinstance(text, str) or not text.strip():
        return Reply("", "an answer without text", *tokens)
    return Reply(text, "", *tokens)


class _Bounded(httpx2.AsyncBaseTransport):
    """Ends an answer that grows too large, whatever it says of its length."""

    def __init__(self, inner: httpx2.AsyncBaseTransport) -> None:
        self._inner = inner

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        request.headers["Accept-Encoding"] = "identity"
        answer = await self._inner.handle_async_request(request)
        if answer.headers.get("content-encoding", "identity") != "identity":
            await answer.aclose()
            raise TooLarge("a compressed answer, which was not asked for")
        stream: Any = answer.stream
        answer.stream = _Counted(stream)
        return answer

    async def aclose(self) -> None:
        await self._inner.aclose()


class _Counted(httpx2.AsyncByteStream):
    def __init__(self, stream: httpx2.AsyncByteStream) -> None:
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        size = 0
        async for piece in self._stream:
            size += len(piece)
            if size > MAX_BYTES:
                raise TooLarge(f"an answer of more than {MAX_BYTES} bytes")
            yield piece

    async def aclose(self) -> None:
        await self._stream.aclose()


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MAX_TOKENS else None


def _charged(status: int) -> tuple[int | None, int | None]:
    """Nothing for what was refused before it was worked on; unknown for a server's own fault."""
    return (0, 0) if 400 <= status < 500 else (None, None)
