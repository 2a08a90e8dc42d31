"""The two calls of the `requests` package that the documents' Python examples make, on the standard library alone."""

import json as _json
import urllib.error
import urllib.request


class _Response:
    def __init__(self, reply):
        self.status_code = reply.status
        self._body = reply.read()

    def json(self):
        return _json.loads(self._body)


def _send(request):
    try:
        return _Response(urllib.request.urlopen(request, timeout=60))
    except urllib.error.HTTPError as refused:
        return _Response(refused)


def get(url):
    return _send(urllib.request.Request(url))


def post(url, json=None):
    body = _json.dumps(json).encode()
    return _send(urllib.request.Request(url, data=body, headers={"Content-Type": "application/json"}, method="POST"))
