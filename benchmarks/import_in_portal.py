"""A file of 5,000 accounts handed over in the administration: from the upload to its last row, while the page asks for
news as a browser does. Web, a worker, PostgreSQL that waits for the disk, Redis and a mail server share this machine;
the worker hands the invitations over as well.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from statistics import median, quantiles

from benchmarks import stack
from benchmarks.crowded import run
from benchmarks.load import Answer, Client
from benchmarks.mail_latency import portal, sink
from benchmarks.people import HIDDEN
from benchmarks.results import Result, keep, show
from tests.services.product import Product

NAME = "import_in_portal"
ROWS = 5_000
ASKED_EVERY = 2.0  # seconds, as static/js/wait.js does
ADD = "/admin/signup/userimport/add/"
BOUNDARY = "a-line-that-is-in-no-file"


def main() -> None:
    with stack.stack() as here, sink() as mail_server, portal(here, mail_server) as product:
        known = json.loads(run(product, "benchmarks.importer"))
        result = measured(product, known["domain"], f"session={known['session']}")
        mails = mail_server.wait_for(ROWS)
    result["mails_per_row"] = len(mails) / ROWS
    keep(NAME, result)
    show(NAME, [result])


def measured(product: Product, domain: str, session: str) -> Result:
    client = Client(product.port)
    form = client.get(ADD, f"Cookie: {session}\r\n")
    began = time.perf_counter()
    answer = handed_over(client, form, session, file_of(domain))
    assert answer.status == 302, (answer.head, answer.body[-2000:])
    taken = time.perf_counter() - began
    page = answer.header("Location").replace("change/", "")
    asked = list(asked_until_done(client, page, session))
    seconds = time.perf_counter() - began
    shown = client.get(f"{page}change/", f"Cookie: {session}\r\n").body.decode()
    assert f"{ROWS} of {ROWS} rows are done." in shown
    client.close()
    return {
        "rows": ROWS,
        "upload_s": round(taken, 2),
        "seconds": round(seconds, 1),
        "ms_per_row": round(1000 * seconds / ROWS, 2),
        "asked": len(asked),
        "asked_p50_ms": round(1000 * median(asked), 1),
        "asked_95_ms": round(1000 * quantiles(asked, n=20)[18], 1),
        "asked_max_ms": round(1000 * max(asked), 1),
    }


def file_of(domain: str) -> str:
    people = (f"person-{number}@{domain},Robin,Recipient" for number in range(ROWS))
    return "\r\n".join(("email,first_name,last_name", *people))


def handed_over(client: Client, form: Answer, session: str, file: str) -> Answer:
    hidden = dict(HIDDEN.findall(form.body.decode()))
    csrf = next(
        line.split(":", 1)[1].partition(";")[0].strip()
        for line in form.head.split("\r\n")
        if line.lower().startswith("set-cookie: csrf=")
    )
    parts = [
        f'Content-Disposition: form-data; name="{name}"\r\n\r\n{value}'
        for name, value in hidden.items()
    ]
    parts.append(
        'Content-Disposition: form-data; name="file"; filename="people.csv"\r\n'
        f"Content-Type: text/csv\r\n\r\n{file}"
    )
    body = "".join(f"--{BOUNDARY}\r\n{part}\r\n" for part in parts) + f"--{BOUNDARY}--\r\n"
    head = (
        f"POST {ADD} HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: {session}; {csrf}\r\n"
        f"Content-Type: multipart/form-data; boundary={BOUNDARY}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return client.send((head + body).encode())


def asked_until_done(client: Client, page: str, session: str) -> Iterator[float]:
    """The seconds that each question for news took."""
    mark = ""
    while not mark.startswith("done"):
        time.sleep(ASKED_EVERY)
        started = time.perf_counter()
        answer = client.get(f"{page}progress/", f"Cookie: {session}\r\n")
        yield time.perf_counter() - started
        assert answer.status == 200, answer.head
        mark = json.loads(answer.body)["mark"]
