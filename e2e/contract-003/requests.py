"""The two calls of the `requests` package that contract 003's Python client makes, on the standard library alone."""

import json as _json
import urllib.request


class _Response:
    def __init__(self, reply):
        self.status_code = reply.status
        self._body = reply.read()

    def json(self):
        return _json.loads(self._body)


def get(url):
    return _Response(urllib.request.urlopen(url, timeout=60))


def post(url, json=None):
    body = _json.dumps(json).encode()
    request = urllib.request.Request(url, data=body, headers={"Content-Type": "application/json"}, method="POST")
    return _Response(urllib.request.urlopen(request, timeout=60))
