"""What commands print for people: readable whatever is in it, and quiet when the reader has enough."""

from __future__ import annotations

import signal
import subprocess
import sys

from audit.commands import lines

MANY = """
from audit.commands import ListCommand

class Many(ListCommand):
    requires_system_checks = []

    def rows(self, **options):
        return ({"number": number} for number in range(200_000))

Many(no_color=True).run_from_argv(["manage.py", "many"])
"""


def test_rows_in_an_answer_are_a_table_beneath_their_name() -> None:
    changes = [{"capability": "byok", "gaining": ["a@firm.com", "b@firm.com"], "losing": []}]
    assert lines({"plan": "P1", "changes": changes, "consequences": []}).splitlines() == [
        "plan          P1",
        "changes",
        "  capability  gaining                 losing",
        "  byok        a@firm.com, b@firm.com  -",
        "consequences  -",
    ]


def test_a_reader_who_has_enough_is_shown_no_traceback() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", MANY], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as command:
        assert command.stdout
        assert command.stderr
        assert command.stdout.readline().strip() == b"number"
        command.stdout.close()
        assert command.stderr.read() == b""
    assert command.returncode == 128 + signal.SIGPIPE
