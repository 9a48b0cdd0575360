# SPDX-License-Identifier: Apache-2.0
"""Makes tenants, users and connected calendars the way a host product and a browser do."""

import http.client
import json
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

THREADS = 8


def connect_calendars(port, admin_key, tenants, calendars):
    def one(number):
        with Talk(port) as talk:
            tenant = talk.call("POST", "/v1/admin/tenants", admin_key, {"name": f"Bench {number}"})["id"]
            key = talk.call("POST", f"/v1/admin/tenants/{tenant}/keys", admin_key,
                            {"name": "bench", "role": "admin"})["key"]
            for n in range(calendars):
                talk.connect_one(key, f"person{n}.of{number}@bench.example")

    with ThreadPoolExecutor(THREADS) as pool:
        for done in [pool.submit(one, t) for t in range(tenants)]:
            done.result()


class Talk:
    """Kept connections to the server and to whatever its redirects lead to."""

    def __init__(self, port):
        self.home = f"127.0.0.1:{port}"
        self.kept = {}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for c in self.kept.values():
            c.close()

    def call(self, method, path, key, body):
        status, _, text = self.send(self.home, method, path, json.dumps(body),
                                    {"Authorization": "Bearer " + key, "Content-Type": "application/json"})
        if status >= 300:
            raise SystemExit(f"{method} {path}: {status} {text.decode()}")
        return json.loads(text)

    def connect_one(self, key, email):
        user = self.call("POST", "/v1/users", key, {"email": email, "name": email, "time_zone": "Europe/Berlin"})["id"]
        provider = self.call("POST", "/v1/calendar-providers", key, {"type": "google", "user_id": user})["id"]
        link = self.call("POST", f"/v1/calendar-providers/{provider}/authorization", key, {})["url"]
        self.browse(link)

    def browse(self, url):
        cookie = ""
        for _ in range(5):
            parts = urlsplit(url)
            status, headers, text = self.send(parts.netloc, "GET", f"{parts.path}?{parts.query}", None,
                                              {"Cookie": cookie} if cookie and parts.netloc == self.home else {})
            cookie = headers.get("Set-Cookie", cookie).partition(";")[0]
            if status < 300:
                return
            if status not in (302, 303):
                raise SystemExit(f"{parts.path}: {status} {text.decode()}")
            url = headers["Location"]
        raise SystemExit("the consent page leads in circles")

    def send(self, where, method, path, body, headers):
        c = self.kept.setdefault(where, http.client.HTTPConnection(where, timeout=60))
        c.request(method, path, body, headers)
        answer = c.getresponse()
        return answer.status, answer.headers, answer.read()
