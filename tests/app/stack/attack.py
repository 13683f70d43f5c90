"""What a web page of a stranger can try against a server on this machine: a page of its own, in a real browser."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from playwright.sync_api import BrowserContext

STRANGER = "stranger"
"""Whatever bears this name was made by the page."""
UNPROTECTED = ("--host-resolver-rules=MAP stranger.example 127.0.0.1", "--disable-features=LocalNetworkAccessChecks")
"""Arguments of a browser in which the stranger's name leads here, and which does not keep the internet's pages from this machine by itself."""
TRIES = """
async ({address, posts, sockets, stranger}) => {
  const quietly = (promise) => promise.then(() => null, () => null);
  const all = [];
  for (const [path, body] of Object.entries(posts)) {
    const url = address + path, text = JSON.stringify(body);
    for (const method of ["POST", "PUT", "PATCH", "DELETE", "GET", "HEAD", "OPTIONS"]) {
      const sent = method === "GET" || method === "HEAD" ? undefined : text;
      all.push(quietly(fetch(url, {method, headers: {"content-type": "application/json"}, body: sent, credentials: "include"})));
      all.push(quietly(fetch(url, {method, body: sent, credentials: "include"})));
    }
    for (const sent of [text, new Blob([text]), new Blob([text], {type: "text/plain"}), new URLSearchParams({json: text})])
      all.push(quietly(fetch(url, {method: "POST", mode: "no-cors", body: sent, credentials: "include"})));
    all.push(Promise.resolve(navigator.sendBeacon(url, new Blob([text]))));
    for (const enctype of ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"]) {
      const frame = document.createElement("iframe"), form = document.createElement("form"), field = document.createElement("input");
      frame.name = `f${Math.random()}`;
      Object.assign(form, {action: url, method: "POST", enctype, target: frame.name});
      [field.name, field.value] = [text.slice(0, -1) + ',"x":"', '"}'];
      form.append(field);
      document.body.append(frame, form);
      form.submit();
    }
  }
  for (const [path, message] of Object.entries(sockets))
    for (const protocols of [["prefect"], []])
      all.push(new Promise((done) => {
        const socket = new WebSocket(address.replace("http", "ws") + path, protocols);
        let opened = false;
        socket.onopen = () => {
          opened = true;
          if (protocols.length) socket.send(JSON.stringify({type: "auth", token: null}));
          socket.send(JSON.stringify(message));
        };
        socket.onclose = socket.onerror = () => done(opened ? `opened ${path}` : null);
        setTimeout(() => done(opened ? `opened ${path}` : null), 2000);
      }));
  const read = [];
  for (const path of Object.keys(posts))
    all.push(fetch(address + path, {credentials: "include"}).then((answer) => answer.ok && read.push(`read ${path}`), () => null));
  const found = await Promise.all(all);
  await new Promise((done) => setTimeout(done, 1000));
  return [...read, ...found.filter((one) => typeof one === "string")];
}
"""
SANDBOXED = """
([inner, given]) => new Promise((done) => {
  const frame = document.createElement("iframe");
  frame.sandbox = "allow-scripts allow-forms";
  addEventListener("message", (event) => done(event.data));
  frame.srcdoc = `<body><script>(${inner})(${JSON.stringify(given)}).then((found) => parent.postMessage(found, "*"))<\\/script>`;
  document.body.append(frame);
})
"""


@contextmanager
def page_of_a_stranger() -> Iterator[int]:
    """A web server of somebody else on this machine. Gives its port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("content-type", "text/html")
            self.end_headers()
            self.wfile.write(b"<!doctype html><body>hello")

        def log_message(self, format: str, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server.server_port
    server.shutdown()
    server.server_close()
    thread.join()


def tried(context: BrowserContext, address: str, given: dict[str, object], port: int) -> dict[str, list[str]]:
    """What pages of every kind could read of a server, or keep open: of another port, of another host, sandboxed, and under a name
    that leads to the server itself (DNS rebinding)."""
    found: dict[str, list[str]] = {}
    own = int(address.rpartition(":")[2])
    for name, start, target in (
        ("another port", f"http://localhost:{port}/", address),
        ("another port of the same name", f"http://127.0.0.1:{port}/", address),
        ("another host", f"http://stranger.example:{port}/", address),
        ("another name of the server", f"http://stranger.example:{own}/hello", f"http://stranger.example:{own}"),
    ):
        page = context.new_page()
        page.route("**/hello", lambda route: route.fulfill(body="<!doctype html><body>hello", content_type="text/html"))
        page.goto(start)
        found[name] = page.evaluate(TRIES, {"address": target, **given, "stranger": STRANGER})
        if name == "another host":
            found["sandboxed"] = page.evaluate(SANDBOXED, [TRIES, {"address": target, **given, "stranger": STRANGER}])
        page.close()
    return found
