"""The stream against a real server with faults: it notices, comes back, subscribes again, and stops where it must."""

import json
import socket
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import sleep

import pytest

from common.adapters.kite.stream_state import Login, State, Timing
from common.redaction import Secret
from tests.unit.kite_frames import frame, ltp
from tests.unit.stream_case import ACCESS, GOOD, QUICK, Listening, Relay, until, wire


def test_it_subscribes_in_full_mode_and_hears_ticks() -> None:
    """What is watched is asked for, also later and no longer; ticks, heartbeats and counters arrive."""
    with wire() as server, Listening(server.url) as listening:
        listening.stream.watch([3, 1])
        listening.connected()
        until(lambda: server.asked and len(server.asked[0]) >= 2, "the subscription")
        server.tick(41)
        listening.hears(41)
        listening.stream.watch([1, 5])
        listening.stream.unwatch([3])
        until(lambda: len(server.asked[0]) >= 5, "the second subscription")
        asked: dict[str, set[int]] = {"subscribe": set(), "unsubscribe": set(), "mode": set()}
        for one in server.asked[0]:
            value = one["v"]
            if one["a"] == "mode":
                assert value[0] == "full"
                value = value[1]
            asked[one["a"]] |= set(value)
        assert asked == {"subscribe": {1, 3, 5}, "mode": {1, 3, 5}, "unsubscribe": {3}}
        until(lambda: listening.stream.frames.heartbeats, "a heartbeat")
        assert listening.stream.state.value == "live"
    assert listening.stream.state.value == "ended"


def test_silence_is_noticed_and_everything_is_asked_for_again() -> None:
    """A socket that is open and says nothing is dead after the silence; the next one is subscribed alike."""
    with wire() as server, Listening(server.url) as listening:
        listening.stream.watch([1, 2])
        listening.connected()
        server.silent.set()
        until(lambda: listening.stream.counts.silences, "the silence")
        server.silent.clear()
        listening.connected(2)
        until(lambda: len(server.asked[-1]) >= 2, "the subscription")
        assert server.asked[-1][:2] == [{"a": "subscribe", "v": [1, 2]}, {"a": "mode", "v": ["full", [1, 2]]}]
        server.tick(7)
        listening.hears(7)
        changes = [change.whole for change in listening.stream.changes]
        assert changes == [True, False, True]
        assert any("nothing was heard" in message for message in listening.logs.messages)
        assert any("is back after" in message for message in listening.logs.messages)


def test_a_half_open_connection_is_left() -> None:
    """The path goes dead without a FIN: nothing arrives and nothing is refused; a new connection is made."""
    with wire() as server:
        relay = Relay(server.port)
        try:
            with Listening(relay.url) as listening:
                listening.stream.watch([1])
                listening.connected()
                relay.freeze()
                listening.connected(2)
                assert listening.stream.counts.silences == 1
                until(lambda: len(server.asked[-1]) >= 2, "the subscription")
                server.tick(8)
                listening.hears(8)
        finally:
            relay.close()


def test_a_server_that_restarts_is_found_again() -> None:
    """Refused while it is away, heard again once it is back on the same port, said once each."""
    with wire() as server, Listening(server.url) as listening:
        listening.connected()
        port = server.port
        server.close()
        until(lambda: listening.stream.counts.failures >= 3, "three refusals")
        with wire(port=port):
            listening.connected(2)
            complaints = [message for message in listening.logs.messages if message.startswith("no stream")]
            assert len(complaints) == 1


def test_a_server_that_never_answers_the_handshake_is_given_up() -> None:
    """A port that accepts and says nothing costs one connect time-out, not for ever."""
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        with Listening(f"ws://localhost:{deaf.getsockname()[1]}") as listening:
            until(lambda: listening.stream.counts.failures >= 2, "two time-outs")
        assert listening.stream.counts.connections == 0


def test_a_refused_login_stops_until_there_is_another() -> None:
    """A 403 that REST confirms ends the attempts; a new token is tried without a restart; no secret is logged."""
    yesterdays = Login(Secret("the-api-key"), Secret("yesterdays"))
    with wire() as server, Listening(server.url, login=yesterdays) as listening:
        until(lambda: listening.stream.state is State.REFUSED, "the refusal")
        attempts = len(server.addresses)
        sleep(10 * QUICK.login)
        assert len(server.addresses) == attempts
        listening.login = GOOD
        listening.connected()
        told = json.dumps(listening.logs.records, default=str)
        assert "login has ended" in told
        assert "yesterdays" not in told
        assert "the-api-key" not in told
        assert ACCESS not in told


def test_a_login_that_rest_takes_again_is_tried_again() -> None:
    """The same token, logged in with or stored once more: the stream does not wait for one that will never come."""
    with wire() as server:
        server.forbids.set()
        with Listening(server.url) as listening:
            until(lambda: listening.stream.state is State.REFUSED, "the refusal")
            server.forbids.clear()
            attempts = len(server.addresses)
            sleep(10 * QUICK.login)
            assert len(server.addresses) == attempts
            listening.refused = False
            listening.connected()


def test_a_403_that_rest_does_not_confirm_is_tried_again() -> None:
    """The stream's own trouble does not end the day."""
    odd = Login(Secret("the-api-key"), Secret("odd"))
    with wire() as server, Listening(server.url, login=odd, refused=False) as listening:
        until(lambda: listening.stream.counts.refused >= 2, "a second attempt")
        listening.login = GOOD
        listening.connected()


def test_without_a_login_it_waits() -> None:
    """Nobody has logged in yet: no attempt is made; then one is."""
    with wire() as server, Listening(server.url, login=None) as listening:
        sleep(10 * QUICK.login)
        assert (listening.stream.state, server.addresses) == (State.WAITING, [])
        listening.login = GOOD
        listening.connected()


def test_truncated_frames_and_garbled_texts_are_counted_and_nothing_else() -> None:
    """The connection lives on, and what is whole is used."""
    with wire() as server, Listening(server.url) as listening:
        listening.connected()
        server.send(frame([ltp(1, 5), ltp(2, 6)])[:-3])
        server.send("{not json")
        server.send("[1, 2]")
        server.send("[" * 50_000)
        server.send(json.dumps({"type": "message", "data": "hello"}))
        server.send(json.dumps({"type": "error", "data": "Too many instruments"}))
        server.tick(9)
        listening.hears(9)
        counts = listening.stream.counts
        assert (listening.stream.frames.truncated, counts.garbled, counts.connections) == (1, 3, 1)
        assert any("Too many instruments" in message for message in listening.logs.messages)


def test_order_updates_are_handed_on_even_by_a_listener_that_fails() -> None:
    """Every update is heard, wakes who waits, and an error in the listener does not cost the connection."""
    with wire() as server, Listening(server.url) as listening:
        listening.connected()
        listening.inbox.take(0.0)
        row = {"order_id": "220303000308932", "status": "COMPLETE", "tag": None}
        server.send(json.dumps({"type": "order", "data": row}))
        assert listening.inbox.take(5.0) == ([], set())
        until(lambda: listening.orders == [row], "the order update")

        def fails(_: object) -> None:
            raise RuntimeError("a listener's fault")

        listening.stream.on_order = fails
        server.send(json.dumps({"type": "order", "data": row}))
        server.tick(3)
        listening.hears(3)
        assert (listening.stream.counts.orders, listening.stream.counts.connections) == (2, 1)
        assert any("was not taken (RuntimeError)" in message for message in listening.logs.messages)


def test_more_than_a_connection_carries_is_refused() -> None:
    """3,000 instruments are; one more is an error before anything is asked for."""
    listening = Listening("ws://localhost:9")
    listening.stream.watch(range(3_000))
    with pytest.raises(ValueError, match="3001 instruments are more than the 3000"):
        listening.stream.watch([5_000])
    listening.stream.watch([7])


def test_a_certificate_that_nobody_vouches_for_is_refused(tmp_path: Path) -> None:
    """A self-signed server gets no token; one whose authority we trust is heard; another's name is refused too."""
    pytest.importorskip("cryptography")
    certificate, key = _self_signed(tmp_path, "localhost")
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate, key)
    with wire(tls) as server:
        with Listening(server.url) as listening:
            until(lambda: listening.stream.counts.failures >= 2, "two refusals")
            assert server.addresses == []
            assert any("certificate is not trusted" in message for message in listening.logs.messages)
        trusting = ssl.create_default_context(cafile=str(certificate))
        with Listening(server.url, tls=trusting) as listening:
            listening.connected()
        told = len(server.addresses)
        with Listening(server.url.replace("localhost", "127.0.0.1"), tls=trusting) as listening:
            until(lambda: listening.stream.counts.failures, "the wrong name")
        assert len(server.addresses) == told


def test_the_shipped_timing_is_back_within_ten_seconds() -> None:
    """Silence, the longest pause and a slow handshake together: what is promised does not rest on luck."""
    timing = Timing()
    assert timing.silence == 5.0
    assert timing.silence + timing.first_delay + timing.connect < 10.0
    assert timing.longest_delay + timing.connect < 10.0


def _self_signed(folder: Path, name: str) -> tuple[Path, Path]:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key())
        .serial_number(1).not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    certificate, private = folder / "certificate.pem", folder / "key.pem"
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption(),
    ))
    return certificate, private
