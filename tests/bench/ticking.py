"""A WebSocket server in a process of its own: so many instruments, each ticking once a second, in frames of 200.

Each packet carries when it was sent: microseconds of the monotonic clock, modulo 2**32, as the lowest open interest.
"""

import sys
from random import Random
from struct import Struct
from time import monotonic, monotonic_ns, sleep

from websockets.exceptions import ConnectionClosed
from websockets.sync.server import ServerConnection, serve

A_FRAME = 200
PACKET = Struct(">HIiIiIIIiiiiIIIII" + "IiHxx" * 10)
CHANCE = Random(5)


def tokens(count: int) -> list[int]:
    """Of NSE."""
    return [(1000 + number) << 8 | 1 for number in range(count)]


def packet(token: int, price: int, volume: int, second: int) -> bytes:
    """One full packet with a book of five levels a side."""
    sent = monotonic_ns() // 1000 % 2**32
    levels = [value for level in range(5) for value in (1000, price - 5 * level, 4)]
    levels += [value for level in range(5) for value in (1000, price + 5 * level, 4)]
    return PACKET.pack(
        184, token, price, 1, price, volume, 5000, 6000, price, price, price, price, second, 0, 0, sent, second,
        *levels,
    )


def talk(connection: ServerConnection, count: int, started: float, epoch: int) -> None:
    """Until the client hangs up; the second of the session is `epoch` plus what has passed since `started`."""
    prices, number = {token: 100_00 + 5 * CHANCE.randint(-200, 200) for token in tokens(count)}, 0
    groups = [tokens(count)[at : at + A_FRAME] for at in range(0, count, A_FRAME)]
    connection.recv()
    due = monotonic()
    while True:
        group = groups[number % len(groups)]
        second = epoch + int(monotonic() - started)
        for token in group:
            prices[token] += 5 * CHANCE.randint(-1, 1)
        body = b"".join(packet(token, prices[token], 10_000 * (1 + number), second) for token in group)
        connection.send(len(group).to_bytes(2, "big") + body)
        number += 1
        due += 1.0 / len(groups)
        sleep(max(0.0, due - monotonic()))


def main() -> None:
    """Arguments: instruments, monotonic seconds at which the session begins, its first second (epoch)."""
    count, started, epoch = int(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3])

    def handler(connection: ServerConnection) -> None:
        try:
            talk(connection, count, started, epoch)
        except ConnectionClosed:
            return

    with serve(handler, "127.0.0.1", 0, compression=None) as server:
        print(server.socket.getsockname()[1], flush=True)
        server.serve_forever()


if __name__ == "__main__":
    main()
