"""What the promises with numbers are measured by. `make bench` runs all, `make bench BENCH=name` one."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable

from benchmarks import (
    address_rule,
    admin_lists,
    capability,
    import_in_portal,
    mail_latency,
    sign_up_completions,
    sign_up_requests,
    sign_ups_at_size,
)

BENCHMARKS: dict[str, Callable[[], None]] = {
    sign_up_requests.NAME: sign_up_requests.main,
    sign_up_completions.NAME: sign_up_completions.main,
    mail_latency.NAME: mail_latency.main,
    sign_ups_at_size.NAME: sign_ups_at_size.main,
    admin_lists.NAME: admin_lists.main,
    capability.NAME: capability.main,
    address_rule.NAME: address_rule.main,
    import_in_portal.NAME: import_in_portal.main,
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="name", help=f"one of {', '.join(BENCHMARKS)}")
    names = parser.parse_args().names or list(BENCHMARKS)
    if unknown := set(names) - set(BENCHMARKS):
        sys.exit(f"There is no benchmark {', '.join(unknown)}: there are {', '.join(BENCHMARKS)}.")
    for name in names:
        BENCHMARKS[name]()


if __name__ == "__main__":
    main()
