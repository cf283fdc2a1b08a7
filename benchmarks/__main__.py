from __future__ import annotations

import json
import secrets
import subprocess
import sys
import tempfile

from benchmarks.results import Result, keep, table
from tests.services import programs
from tests.services.postgres import postgres
from tests.services.product import ROOT, clean_environment

BENCHMARK = "completed_sign_ups"


def measure(database: str, **settings: str) -> Result:
    """One benchmark in a process of its own, with a state of its own."""
    with tempfile.TemporaryDirectory(prefix="rms-bench-") as folder:
        environment = clean_environment(
            VAR_DIR=folder, SECRET_KEY=secrets.token_urlsafe(48), LOG_LEVEL="ERROR", **settings
        )
        command = [sys.executable, "-m", f"benchmarks.{BENCHMARK}"]
        done = subprocess.run(
            command, cwd=ROOT, env=environment, check=True, stdout=subprocess.PIPE
        )
    rates = json.loads(done.stdout.splitlines()[-1])
    result: Result = {
        "database": database,
        "completed_per_second": round(rates["completed"], 1),
        "argon2id_per_second": round(rates["argon2id"], 1),
        "share_percent": round(100 * rates["share"], 1),
        "promised_percent": 70,
    }
    keep(BENCHMARK, result)
    return result


def main() -> None:
    results = [measure("SQLite")]
    if programs.find("PostgreSQL"):
        with postgres() as server:
            results.append(measure("PostgreSQL", DATABASE_URL=server.new_url()))
    else:
        print("PostgreSQL is not installed: not measured.")
    print("Completed sign-ups, one process:", table(results), sep="\n")


main()
