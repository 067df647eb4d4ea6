"""A switch that holds each packet for some time: relay.py SECONDS PORT ...

It reads every packet from the devices named and writes it, SECONDS later, to the one behind which its
receiver is, or to all others where it does not know it yet. Prints a line when it is ready; runs until it is killed.
Packets keep the header that the kernel writes for large ones (struct virtio_net_hdr): a packet of TCP may
have 64 KB, which the kernel cuts and sums up only for real devices.
"""

import collections
import ctypes
import gc
import select
import socket
import sys
import time

ALL = 3  # ETH_P_ALL
PACKET, VNET_HEADER, IGNORE_OUTGOING = 263, 15, 23  # SOL_PACKET and two options of it
HEADER = 10  # struct virtio_net_hdr
ROOM = 64 << 20
EARLY = 50e-6  # seconds that a sleep of the kernel may end too late


def open_port(name):
    port = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ALL))
    port.setsockopt(PACKET, VNET_HEADER, 1)
    port.setsockopt(PACKET, IGNORE_OUTGOING, 1)
    port.setsockopt(socket.SOL_SOCKET, 33, ROOM)  # SO_RCVBUFFORCE
    port.setsockopt(socket.SOL_SOCKET, 32, ROOM)  # SO_SNDBUFFORCE
    port.bind((name, 0))
    port.setblocking(False)
    return port


class Relay:
    def __init__(self, delay, names):
        self.delay = delay
        self.ports = [open_port(name) for name in names]
        self.behind = {}  # address: the port that it was seen behind
        self.held = collections.deque()  # (when it leaves, the port that it came from, the packet)
        self.poll = select.epoll()
        self.of = {port.fileno(): port for port in self.ports}
        for port in self.ports:
            self.poll.register(port, select.EPOLLIN)

    def take(self, port):
        while True:
            try:
                packet = port.recv(1 << 17)
            except BlockingIOError:
                return
            self.behind[packet[HEADER + 6 : HEADER + 12]] = port
            self.held.append((time.perf_counter() + self.delay, port, packet))

    def give(self):
        while self.held and self.held[0][0] <= time.perf_counter():
            _, port, packet = self.held.popleft()
            to = self.behind.get(packet[HEADER : HEADER + 6])
            for other in [to] if to else [one for one in self.ports if one is not port]:
                try:
                    other.send(packet)
                except OSError:
                    pass  # as a switch does, which has no room

    def run(self):
        while True:
            wait = self.held[0][0] - time.perf_counter() - EARLY if self.held else -1
            ready = self.poll.poll(max(wait, 0) if self.held else -1)
            for file, _ in ready:
                self.take(self.of[file])
            self.give()


def main():
    gc.disable()
    ctypes.CDLL(None).prctl(29, 1, 0, 0, 0)  # PR_SET_TIMERSLACK: sleeps end when they should
    relay = Relay(float(sys.argv[1]), sys.argv[2:])
    print("ready", flush=True)
    relay.run()


if __name__ == "__main__":
    main()
