"""What `konnectivity-server` is to an API server: a socket that takes `CONNECT address:port` and joins the two ends.

    tunnel.py SOCKET

The real one sends what comes on to agents on the nodes; this one dials by itself.
"""

import contextlib
import socket
import sys
import threading
from pathlib import Path

ANSWERED = b"HTTP/1.1 200 OK\r\n\r\n"
FAILED = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n"


def main(path: str) -> None:
    """Serve until ended."""
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen(64)
        while True:
            threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()


def serve(client: socket.socket) -> None:
    """One connection, to its end."""
    asked = b""
    while not asked.endswith(b"\r\n\r\n"):
        more = client.recv(4096)
        if not more:
            return
        asked += more
    host, _, port = asked.split()[1].decode().rpartition(":")
    try:
        peer = socket.create_connection((host.strip("[]"), int(port)), timeout=10)
    except OSError:
        client.sendall(FAILED)
        client.close()
        return
    peer.settimeout(None)
    client.sendall(ANSWERED)
    threading.Thread(target=carry, args=(client, peer), daemon=True).start()
    carry(peer, client)


def carry(source: socket.socket, target: socket.socket) -> None:
    """Hand on what comes until nothing does."""
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_WR)


if __name__ == "__main__":
    main(sys.argv[1])
