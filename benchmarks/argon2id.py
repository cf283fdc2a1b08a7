"""The machine's raw rate of password hashes, with the product's own parameters and nothing else."""

from __future__ import annotations

import multiprocessing
import os
import time
from concurrent.futures import ProcessPoolExecutor

import argon2

from accounts.hashers import Argon2Hasher

PASSWORD = "nine violet teapots on parade"


def rate(seconds: float = 3.0) -> float:
    """Hashes per second of as many processes as there are cores."""
    processes = os.cpu_count() or 1
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, mp_context=context) as pool:
        pool.submit(rate_of_one, 0.1).result()
        return sum(pool.map(rate_of_one, [seconds] * processes))


def milliseconds(hashes: int = 60) -> float:
    """What one hash takes of a processor, whatever else the machine does meanwhile."""
    started = time.process_time()
    for _ in range(hashes):
        _hasher().hash(PASSWORD)
    return 1000 * (time.process_time() - started) / hashes


def rate_of_one(seconds: float) -> float:
    hasher = _hasher()
    hasher.hash(PASSWORD)
    started, hashes = time.perf_counter(), 0
    while time.perf_counter() - started < seconds:
        hasher.hash(PASSWORD)
        hashes += 1
    return hashes / (time.perf_counter() - started)


def _hasher() -> argon2.PasswordHasher:
    return argon2.PasswordHasher(
        time_cost=Argon2Hasher.time_cost,
        memory_cost=Argon2Hasher.memory_cost,
        parallelism=Argon2Hasher.parallelism,
    )
