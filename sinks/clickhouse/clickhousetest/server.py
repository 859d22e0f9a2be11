"""ClickHouse's engine behind ClickHouse's HTTP interface, for tests.

The engine is real: chdb is ClickHouse as a library, its storage included. What
stands in front of it is this: POST and GET with a query and settings in the
URL, a body that goes into an INSERT, and exceptions as the server reports them.

    server.py DATA_DIRECTORY PORT

It says "ready" when it takes connections. A user called "reader" has a profile
with readonly = 1, one called "nobody" a wrong password, any other everything.
"""

import base64
import os
import re
import sys
import tempfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

from chdb import session

data, port = sys.argv[1], int(sys.argv[2])
engine = session.Session(os.path.join(data, "store"))
lock = threading.Lock()

# What the front of a server takes care of rather than the engine.
FRONT = {"query", "database", "wait_end_of_query", "user", "password"}
# A profile for a small machine: starting threads would be most of the work.
PROFILE = {"max_threads": "1", "input_format_parallel_parsing": "0"}
STATUS = {60: 404, 81: 404, 497: 403, 516: 403, 164: 500, 241: 500}


class Refused(Exception):
    pass


def run(query, settings, form):
    clause = ", ".join("%s = '%s'" % (k, v.replace("\\", "\\\\").replace("'", "\\'")) for k, v in settings.items())
    if form is not None:
        if settings.get("readonly"):
            raise Refused("Code: 164. DB::Exception: Cannot execute query in readonly mode. (READONLY)")
        into, _, name = query.rpartition(" FORMAT ")
        query = "%s FROM INFILE '%s' %s FORMAT %s" % (into, form, "SETTINGS " + clause if clause else "", name)
        output = "TSV"
    else:
        head, _, output = query.rpartition(" FORMAT ")
        query = head or query
        output = output if head else "TSV"
        if clause and re.match(r"\s*SELECT\b", query):
            query += " SETTINGS " + clause
    with lock:
        result = engine.query(query, output)
        return result.bytes() if result is not None else b""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, status, body, code=None):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        if code:
            self.send_header("X-ClickHouse-Exception-Code", code)
        self.end_headers()
        self.wfile.write(body)

    def user(self):
        given = self.headers.get("X-ClickHouse-User")
        if not given and self.headers.get("Authorization", "").startswith("Basic "):
            given = base64.b64decode(self.headers["Authorization"][6:]).decode().partition(":")[0]
        return given

    def do_GET(self):
        parameters = dict(parse_qsl(urlsplit(self.path).query))
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        query = parameters.get("query", "")
        settings = PROFILE | {k: v for k, v in parameters.items() if k not in FRONT}
        form = None
        try:
            if self.user() == "nobody":
                raise Refused("Code: 516. DB::Exception: nobody: Authentication failed. (AUTHENTICATION_FAILED)")
            if self.user() == "reader":
                settings["readonly"] = "1"
            if re.match(r"\s*INSERT\b", query):
                suffix = {"zstd": ".zst", "gzip": ".gz"}.get(self.headers.get("Content-Encoding"), "")
                with tempfile.NamedTemporaryFile(dir=data, suffix=suffix, delete=False) as f:
                    form = f.name
                    f.write(body)
            elif body:
                query += body.decode()
            self.answer(200, run(query, settings, form))
        except Exception as e:
            text = str(e)
            found = re.search(r"Code: (\d+)", text)
            code = found.group(1) if found else "1001"
            self.answer(STATUS.get(int(code), 400 if code != "1001" else 500), text.encode(), code)
        finally:
            if form:
                os.unlink(form)

    do_POST = do_GET

    def log_message(self, *_):
        pass


class Server(ThreadingHTTPServer):
    allow_reuse_address = True
    daemon_threads = True


server = Server(("127.0.0.1", port), Handler)
print("ready", flush=True)
server.serve_forever()
