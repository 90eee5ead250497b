# SPDX-License-Identifier: Apache-2.0
"""Canaries for hostile notebooks: a server that must hear nothing, cookies that must not be readable, and eyes on every frame, dialog,
window, navigation and request of a browser context."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

COOKIE = "canary-of-this-origin"


class Sentinel:
    """Writes down whoever asks it for anything. Under /naked it gives out what it is told to, without any guard."""

    def __init__(self):
        self.heard = []
        self.naked = b""
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                if self.path == "/naked":
                    self.send_response(200)
                    self.send_header("Content-Type", "text/html")
                    self.end_headers()
                    self.wfile.write(outer.naked)
                    return
                if self.path != "/favicon.ico":
                    outer.heard.append(self.path)
                self.send_response(204)
                self.send_header("Access-Control-Allow-Origin", "*")
                self.end_headers()

            do_POST = do_HEAD = do_OPTIONS = do_GET

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class Watch:
    """Of one context: `events` is what must not happen. `close()` of a page is for the test to do."""

    def __init__(self, context, sentinel):
        self.context, self.sentinel = context, sentinel
        self.events = []
        self.expected_pages = 0
        context.on("page", self.opened)

    def opened(self, page):
        if self.expected_pages:
            self.expected_pages -= 1
            self.look_at(page)
        else:
            self.events.append(f"a window was opened: {page.url}")

    def page(self):
        self.expected_pages += 1
        return self.context.new_page()

    def look_at(self, page):
        page.on("dialog", lambda d: (self.events.append(f"dialog {d.type}: {d.message}"), d.dismiss()))
        page.on("download", lambda d: self.events.append(f"download: {d.url[:100]}"))
        page.on("crash", lambda: self.events.append("the page crashed"))

    def leave_canaries(self, *origins):
        """A cookie that a script of that origin can read: ours cannot be, so theirs is what would be stolen first."""
        self.context.add_cookies([{"name": "canary", "value": COOKIE, "url": o} for o in origins])

    def check(self, page, own, frames_may_run=False):
        """Nothing happened: `own` is the origin that the page has to be of still. In a frame of no origin scripts may run when
        that is how the page shows such outputs."""
        found = list(self.events)
        for frame in page.frames:
            try:
                ran = frame.evaluate("() => ({ by: self.__pwned ?? null, origin: self.origin, polluted: ({}).polluted ?? null })")
            except Exception:  # noqa: BLE001 a frame that just went, or one of a page that is none
                continue
            boxed = frames_may_run and frame != page.main_frame and ran["origin"] == "null"
            if ran["by"] and not boxed:
                found.append(f"{ran['by']}: its script ran on {ran['origin']} ({frame.url[:80]})")
            if ran["polluted"] and not boxed:
                found.append("a prototype is polluted")
        if not page.url.startswith(own):
            found.append(f"the page went to {page.url}")
        found += [f"{h}: was asked for" for h in self.sentinel.heard]
        # Links that would do something, whether anybody clicks or not.
        for href in page.evaluate("""() => [...document.querySelectorAll('a, area, form, use, [action], [formaction]')].flatMap((e) =>
            [e.href?.baseVal ?? e.href, e.action, e.formAction].filter((u) => typeof u === 'string'))"""):
            if href.lower().startswith(("javascript:", "vbscript:", "data:text/html")):
                found.append(f"a link to {href[:80]}")
        handlers = page.evaluate("""() => [...document.querySelectorAll('*')].flatMap((e) =>
            [...e.attributes].filter((a) => /^on/i.test(a.name)).map((a) => e.tagName + ' ' + a.name + '=' + a.value.slice(0, 60)))""")
        found += [f"an event handler in the page: {h}" for h in handlers]
        return found
