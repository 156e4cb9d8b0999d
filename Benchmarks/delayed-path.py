"""Carries packets between two TUN devices, each packet late by half of a round trip.

usage: delayed-path.py NAME-A NAME-B ROUND-TRIP-MILLISECONDS

Prints `ready` once both devices are there; ends with its standard input.
"""

import collections
import fcntl
import os
import select
import struct
import sys
import time

TUNSETIFF = 0x400454CA
IFF_TUN_NO_PI = 0x0001 | 0x1000
PACKET_BYTES_MAX = 65_536
QUEUE_MAX = 100_000


def tunnel(name):
    device = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(device, TUNSETIFF, struct.pack("16sH", name.encode(), IFF_TUN_NO_PI))
    return device


def main():
    a, b = tunnel(sys.argv[1]), tunnel(sys.argv[2])
    delay = float(sys.argv[3]) / 2000
    other = {a: b, b: a}
    late = {a: collections.deque(), b: collections.deque()}
    print("ready", flush=True)
    while True:
        heads = [queue[0][0] for queue in late.values() if queue]
        wait = max(0.0, min(heads) - time.monotonic()) if heads else None
        readable, _, _ = select.select([a, b, sys.stdin], [], [], wait)
        if sys.stdin in readable:
            return
        for device in readable:
            queue = late[device]
            try:
                while len(queue) < QUEUE_MAX:
                    packet = os.read(device, PACKET_BYTES_MAX)
                    queue.append((time.monotonic() + delay, packet))
            except BlockingIOError:
                pass
        now = time.monotonic()
        for device, queue in late.items():
            while queue and queue[0][0] <= now:
                try:
                    os.write(other[device], queue.popleft()[1])
                except OSError:
                    pass  # the other end is not up yet, or full: packets get lost


main()
