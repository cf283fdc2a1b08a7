"""Makes `breached_passwords.txt.gz` from the lists that README.md names; the same lists, the same bytes."""

from __future__ import annotations

import gzip
import json
import re
import runpy
import sys
from collections.abc import Iterator
from pathlib import Path

import django.contrib.auth

HERE = Path(__file__).parent
# Shorter ones than anybody may choose are what stands before a number: `dragon19700101000`.
SHORTEST_LISTED = 4
# Of the largest list the words and phrases alone: what else is in it may tell whose password it was.
SHORTEST_PHRASE = 8
PHRASE = re.compile(rf"[a-z]{{{SHORTEST_PHRASE},}}")
SHORTEST_RUN = 8
LONGEST_RUN = 40

# Attackers follow the keys, also round the end of a row. Each is read in both directions.
RUNS = (
    "1234567890",
    "0123456789",
    "abcdefghijklmnopqrstuvwxyz",
    "qwertyuiopasdfghjklzxcvbnm",
    "qwertzuiopasdfghjklyxcvbnm",
    "azertyuiopqsdfghjklmwxcvbn",
    "1234567890qwertyuiopasdfghjklzxcvbnm",
    "zxcvbnmasdfghjklqwertyuiop",
    "yxcvbnmasdfghjklqwertzuiop",
    "wxcvbnqsdfghjklmazertyuiop",
    "1234567890-=qwertyuiop[]asdfghjkl;'zxcvbnm,./",
    "1q2w3e4r5t6y7u8i9o0p",
    "q1w2e3r4t5y6u7i8o9p0",
    "1234qwerasdfzxcv",
    "qwer1234asdf5678zxcv",
    "1a2b3c4d5e6f7g8h9i0j",
    "a1b2c3d4e5f6g7h8i9j0",
    "a1s2d3f4g5h6j7k8l9",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik,9ol.0p;/",
    "1qazxsw23edcvfr45tgbnhy67ujm",
    "1qaz1qaz2wsx2wsx3edc3edc",
    "1qa2ws3ed4rf5tg6yh7uj8ik9ol0p",
    "zaq1xsw2cde3vfr4bgt5nhy6mju7",
    "qazwsxedcrfvtgbyhnujmikolp",
    "qweasdzxcrtyfghvbn",
    "qwerasdfzxcvtyuighjkbnm",
    "123qweasdzxc",
    "12345678900987654321",
    "1234567890987654321",
    "1234567899876543",
    "12345678987654321",
    "1112131415161718192021222324252627282930",
    "1324354657687980",
    "abcd1234efgh5678",
    "abc123def456ghi789",
    "aabbccddeeffgghhiijjkkllmmnnooppqqrrssttuuvvwwxxyyzz",
    "aaabbbcccdddeeefffggghhh",
    "aaaabbbbccccddddeeeeffff",
    "11223344556677889900",
    "112233445566778899",
    "1111222233334444555566667777888899990000",
    "111222333444555666777888999",
    "147258369",
    "789456123",
    "741852963",
)


def runs() -> Iterator[str]:
    """Every stretch of the runs above, from any key to any key, once round the end."""
    for run in RUNS:
        for keys in (run, run[::-1]):
            around = keys * (LONGEST_RUN // len(keys) + 2)
            for start in range(len(keys)):
                for length in range(SHORTEST_RUN, LONGEST_RUN + 1):
                    yield around[start : start + length]


def lists(zxcvbn: Path, zxcvbn_ts: Path, blacklist: Path) -> Iterator[str]:
    ours = Path(django.contrib.auth.__file__).parent / "common-passwords.txt.gz"
    with gzip.open(ours, "rt", encoding="utf-8") as lines:
        yield from (line.strip() for line in lines)
    frequencies = runpy.run_path(str(zxcvbn / "zxcvbn" / "frequency_lists.py"))
    yield from frequencies["FREQUENCY_LISTS"]["passwords"]
    yield from json.loads((zxcvbn_ts / "src" / "passwords.json").read_text(encoding="utf-8"))
    with gzip.open(blacklist / "data" / "passwords.txt.gz", "rt", encoding="utf-8") as lines:
        yield from (word for line in lines if PHRASE.fullmatch(word := line.strip().lower()))


def main(zxcvbn: str, zxcvbn_ts: str, blacklist: str) -> None:
    passwords = {*lists(Path(zxcvbn), Path(zxcvbn_ts), Path(blacklist)), *runs()}
    lines = sorted({lower for word in passwords if len(lower := word.lower()) >= SHORTEST_LISTED})
    packed = gzip.compress("".join(f"{line}\n" for line in lines).encode(), mtime=0)
    (HERE / "breached_passwords.txt.gz").write_bytes(packed)
    sys.stdout.write(f"{len(lines)} passwords, {len(packed)} bytes\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
