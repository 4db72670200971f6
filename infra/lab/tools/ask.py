#!/usr/bin/python3
"""Asks a service as a client would, again and again, and says what came of it.

One line of JSON on stdin says what to ask:
  {"mode": "gap", "host": ..., "port": ..., "protocol": "mariadb" | "http", "path": "/",
   "every_ms": 20, "timeout_ms": 200, "max_ms": 60000}
    Starts a connection every `every_ms`, whatever became of the one before. Prints {"ready": true} at the first
    answer. Goes on until stdin ends or `max_ms` are over, then prints how long there was no answer at a stretch.
  {"mode": "balance", ..., "count": 300, "user": ..., "password": ...}
    One connection after the other; asks each for the name of its server, and counts them.
"""
import asyncio
import collections
import hashlib
import json
import socket
import struct
import sys
import time

RESET_AT_CLOSE = struct.pack("ii", 1, 0)  # SO_LINGER 0: no connection is left in TIME_WAIT


def http_request(ask):
    return f"GET {ask.get('path', '/')} HTTP/1.0\r\nHost: {ask['host']}\r\n\r\n".encode()


# How long without an answer?


async def answer(ask):
    """One connection, up to the first bytes that only a working service sends."""
    reader, writer = await asyncio.open_connection(ask["host"], ask["port"])
    try:
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_AT_CLOSE)
        if ask["protocol"] == "http":
            writer.write(http_request(ask))
            line = await reader.readline()
            return line.startswith(b"HTTP/") and line.split()[1:2] == [b"200"]
        greeting = await reader.readexactly(5)  # length (3), sequence, protocol version; an error has 255 there
        return greeting[4] == 10
    finally:
        writer.transport.abort()


async def measure_gap(ask):
    start = time.monotonic()
    started_at = time.time()
    answers, failed, tasks = [], 0, set()
    stop = asyncio.Event()
    asyncio.get_running_loop().add_reader(sys.stdin, stop.set)

    async def attempt():
        nonlocal failed
        try:
            good = await asyncio.wait_for(answer(ask), ask["timeout_ms"] / 1000)
        except (OSError, asyncio.TimeoutError, asyncio.IncompleteReadError, IndexError):
            good = False
        if not good:
            failed += 1
            return
        answers.append((time.monotonic() - start) * 1000)
        if len(answers) == 1:
            print(json.dumps({"ready": True}), flush=True)

    due, attempts = start, 0
    while not stop.is_set() and time.monotonic() - start < ask["max_ms"] / 1000:
        task = asyncio.create_task(attempt())
        tasks.add(task)
        task.add_done_callback(tasks.discard)
        attempts += 1
        due = max(due + ask["every_ms"] / 1000, time.monotonic())
        await asyncio.sleep(due - time.monotonic())
    if tasks:
        await asyncio.wait(tasks)
    end = (time.monotonic() - start) * 1000
    answers.sort()
    # Before the first answer nothing was promised; after the last one the silence counts.
    marks = answers + ([end] if answers else [])
    silences = [(later - earlier, earlier) for earlier, later in zip(marks, marks[1:])]
    longest, at = max(silences, default=(end, 0.0))
    return {
        "gapMs": round(longest, 1),
        "gapFromMs": round(at, 1),
        "gaps": [{"fromMs": round(a, 1), "ms": round(s, 1)} for s, a in silences if s >= 5 * ask["every_ms"]],
        "attempts": attempts,
        "answers": len(answers),
        "failed": failed,
        "startedAt": round(started_at * 1000),
        "lastedMs": round(end),
    }


# Whose answer?


def packets(connection):
    """MariaDB's packets: length (3 bytes, low first), sequence number, payload."""
    stream = connection.makefile("rb")
    while True:
        head = stream.read(4)
        if len(head) < 4:
            raise OSError("the server has closed the connection")
        yield stream.read(int.from_bytes(head[:3], "little"))


def native_password(password, nonce):
    once = hashlib.sha1(password.encode()).digest()
    mask = hashlib.sha1(nonce + hashlib.sha1(once).digest()).digest()
    return bytes(a ^ b for a, b in zip(once, mask))


def send(connection, sequence, payload):
    connection.sendall(len(payload).to_bytes(3, "little") + bytes([sequence]) + payload)


def refuse_errors(payload):
    if payload[:1] == b"\xff":
        raise OSError(payload[3:].decode(errors="replace"))
    return payload


def ask_mariadb(connection, ask):
    incoming = packets(connection)
    hello = refuse_errors(next(incoming))
    rest = hello[hello.index(b"\0", 1) + 1 :]  # after the version: thread (4), nonce (8), ..., nonce (12)
    nonce = rest[4:12] + rest[31:43]
    flags = 0x1 | 0x200 | 0x8000 | 0x80000  # long password, protocol 4.1, secure connection, plugin named
    login = struct.pack("<IIB23x", flags, 1 << 24, 33) + ask["user"].encode() + b"\0"
    proof = native_password(ask["password"], nonce)
    send(connection, 1, login + bytes([len(proof)]) + proof + b"mysql_native_password\0")
    reply = refuse_errors(next(incoming))
    if reply[:1] == b"\xfe":  # asked to use another method, or another nonce
        method, nonce = reply[1:].split(b"\0", 1)
        if method != b"mysql_native_password":
            raise OSError(f"login by {method.decode(errors='replace')} is unknown here")
        send(connection, 3, native_password(ask["password"], nonce[:20]))
        refuse_errors(next(incoming))
    send(connection, 0, b"\x03select @@hostname")
    refuse_errors(next(incoming))  # number of columns
    next(incoming), next(incoming)  # the column; end of columns
    row = next(incoming)
    return row[1 : 1 + row[0]].decode()


def ask_http(connection, ask):
    connection.sendall(http_request(ask))
    head, _, body = connection.makefile("rb").read().partition(b"\r\n\r\n")
    if head.split()[1:2] != [b"200"]:
        raise OSError(head.split(b"\r\n")[0].decode(errors="replace"))
    return body.decode().strip().split("\n")[0]


def measure_balance(ask):
    servers, errors = collections.Counter(), collections.Counter()
    for _ in range(ask["count"]):
        try:
            with socket.create_connection((ask["host"], ask["port"]), ask["timeout_ms"] / 1000) as connection:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_AT_CLOSE)
                servers[(ask_http if ask["protocol"] == "http" else ask_mariadb)(connection, ask)] += 1
        except OSError as error:
            errors[str(error)] += 1
    return {"servers": dict(sorted(servers.items())), "failed": errors.total(), "errors": dict(errors)}


def main():
    # Unbuffered: what follows on stdin, its end above all, is for the loop to see.
    line = b""
    while not line.endswith(b"\n"):
        line += sys.stdin.buffer.raw.read(1) or b"\n"
    ask = json.loads(line)
    result = asyncio.run(measure_gap(ask)) if ask["mode"] == "gap" else measure_balance(ask)
    print(json.dumps(result), flush=True)


main()
