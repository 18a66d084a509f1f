"""Tells k6 when the load may end: a page that it asks, where only we know how long things take."""

from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread


class Watch:
    """Answers 204 while the load has to go on, 200 when it may end."""

    def __init__(self):
        watch = self

        class Answer(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                self.send_response(200 if watch.is_over else 204)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.is_over = False
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}/"
        Thread(target=self.server.serve_forever, daemon=True).start()

    def end(self):
        self.server.shutdown()
        self.server.server_close()
