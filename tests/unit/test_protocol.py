"""Channels: frames as packets, in parts where they are long, with descriptors; what is no frame is refused."""

import os
import socket
import threading

import pytest

from dartian_queue.envelope import Envelope
from dartian_queue.isolates.protocol import (
    LONGEST_PACKET,
    MOST_PARTS,
    Channel,
    FromIsolate,
    Garbled,
    Output,
    Run,
    StartIsolate,
    ToIsolate,
    ToZygote,
    Wind,
    channel_pair,
)
from dartian_queue.options import Limits


@pytest.fixture
def ends() -> tuple[Channel[ToIsolate], Channel[ToIsolate]]:
    ours, theirs = channel_pair()
    return Channel(ours, ToIsolate), Channel(theirs, ToIsolate)


def run(number: int, size: int = 0) -> Run:
    return Run(Envelope(str(number), "Note", "x" * size), number, 0, 0, 0, 0.0, Limits(), "isolate")


def test_frames_come_in_their_order_and_none_is_none(ends: tuple[Channel[ToIsolate], Channel[ToIsolate]]) -> None:
    ours, theirs = ends
    for number in range(5):
        ours.send(run(number))
    assert [theirs.receive() for _ in range(6)] == [*map(run, range(5)), None]


@pytest.mark.parametrize("size", [0, LONGEST_PACKET - 200, LONGEST_PACKET, LONGEST_PACKET + 1, 1 << 20, 5_000_000])
def test_a_frame_of_any_size_comes_whole(ends: tuple[Channel[ToIsolate], Channel[ToIsolate]], size: int) -> None:
    ours, theirs = ends
    sender = threading.Thread(target=lambda: ours.send(run(1, size)))
    sender.start()
    assert theirs.receive(wait=True) == run(1, size)
    sender.join()


def test_posting_waits_for_nobody_and_what_was_not_sent_can_be_taken_back(
    ends: tuple[Channel[ToIsolate], Channel[ToIsolate]],
) -> None:
    ours, theirs = ends
    for number in range(100):
        ours.post(run(number, 8_000))
    assert not ours.flush()
    unsent = [theirs.received(packet) for packet in ours.take_unsent()]
    sent = []
    while (frame := theirs.receive()) is not None:
        sent.append(frame)
    assert sent + unsent == [run(number, 8_000) for number in range(100)]
    assert sent
    assert unsent
    assert ours.flush()


def test_a_packet_has_exactly_one_reader() -> None:
    ours, theirs = channel_pair()
    first, second = Channel[ToIsolate](theirs, ToIsolate), Channel[ToIsolate](theirs.dup(), ToIsolate)
    sender = Channel[ToIsolate](ours, ToIsolate)
    for number in range(10):
        sender.send(run(number))
    found = [channel.receive() for _ in range(6) for channel in (first, second)]
    assert [frame for frame in found if frame] == [run(number) for number in range(10)]


def test_frames_of_several_threads_are_not_mixed_up() -> None:
    ours, theirs = channel_pair()
    sender, receiver = Channel[FromIsolate](ours, FromIsolate), Channel[FromIsolate](theirs, FromIsolate)
    texts = [str(number) * (LONGEST_PACKET + number) for number in range(8)]

    def send(text: str) -> None:
        for _ in range(5):
            sender.send(Output("", "stdout", text))

    threads = [threading.Thread(target=send, args=(text,)) for text in texts]
    for thread in threads:
        thread.start()
    found = [receiver.receive(wait=True) for _ in range(5 * len(texts))]
    for thread in threads:
        thread.join()
    assert sorted(frame.text for frame in found if isinstance(frame, Output)) == sorted(texts * 5)


def test_descriptors_come_with_their_frame_and_are_closed_on_exec() -> None:
    ours, theirs = channel_pair()
    reader, writer = os.pipe()
    Channel[ToZygote](ours, ToZygote).send_with(StartIsolate(3, 4), [writer])
    frame, descriptors = Channel[ToZygote](theirs, ToZygote).receive_with(2)
    assert frame == StartIsolate(3, 4)
    (descriptor,) = descriptors
    assert not os.get_inheritable(descriptor)
    os.write(descriptor, b"through")
    assert os.read(reader, 10) == b"through"
    for opened in (reader, writer, descriptor):
        os.close(opened)


def test_descriptors_wait_for_nobody_either() -> None:
    ours, _theirs = channel_pair()
    channel = Channel[ToZygote](ours, ToZygote)

    def fill() -> None:
        for _ in range(100_000):
            channel.send_with(StartIsolate(0, 0), [])

    with pytest.raises(BlockingIOError):
        fill()


@pytest.mark.parametrize("with_descriptors", [False, True])
def test_the_end_of_the_other_side_is_the_end(with_descriptors: bool) -> None:
    ours, theirs = channel_pair()
    channel = Channel[ToIsolate](theirs, ToIsolate)
    ours.close()
    with pytest.raises(EOFError):
        channel.receive_with(2) if with_descriptors else channel.receive(wait=True)


def test_what_was_sent_before_the_end_is_still_read() -> None:
    ours, theirs = channel_pair()
    sender, receiver = Channel[ToIsolate](ours, ToIsolate), Channel[ToIsolate](theirs, ToIsolate)
    sender.send(Wind())
    sender.close()
    assert receiver.receive() == Wind()
    with pytest.raises(EOFError):
        receiver.receive()


@pytest.mark.parametrize(
    "packet",
    [b"\0", b"\0\xc1", b"\0\x81\xa4type\xa5ended", b"\0\xa3\xff\xfe\xfd", b"\0" + b"\x91" * 5_000, b"anything"],
)
def test_what_is_no_frame_is_garbled(ends: tuple[Channel[ToIsolate], Channel[ToIsolate]], packet: bytes) -> None:
    ours, theirs = ends
    ours.sock.send(packet)
    with pytest.raises(Garbled):
        theirs.receive()
    ours.send(Wind())
    assert theirs.receive() == Wind()


def test_a_frame_without_an_end_is_garbled(ends: tuple[Channel[ToIsolate], Channel[ToIsolate]]) -> None:
    _, theirs = ends
    for _ in range(MOST_PARTS):
        assert theirs.received(b"\1more") is None
    with pytest.raises(Garbled):
        theirs.received(b"\1more")


def test_the_sockets_keep_the_borders_of_packets() -> None:
    ours, theirs = channel_pair()
    assert ours.type is theirs.type is socket.SOCK_SEQPACKET
