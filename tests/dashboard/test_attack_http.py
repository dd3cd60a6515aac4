"""Attacks by plain requests: paths that lead elsewhere, foreign sites, missing tokens, overlong requests."""

from __future__ import annotations

import re
import socket
import sys
from contextlib import closing, suppress
from pathlib import Path

import pytest

FILE = "/voila/templates/barscope/static/voila.js"

PATHS = [
    "/voila/files/page.ipynb",
    "/voila/files/published/secret.txt",
    "/voila/files/..%2f..%2fetc%2fpasswd",
    "/voila/static/../../../../../../etc/passwd",
    "/voila/static/..%2f..%2f..%2f..%2f..%2fetc%2fpasswd",
    "/voila/static/%2e%2e/%2e%2e/app.py",
    "/voila/static/%252e%252e%252fapp.py",
    "/voila/static//etc/passwd",
    "/voila/static/%2fetc%2fpasswd",
    "/voila/static/voila.js%00.py",
    "/voila/static/voila.js/../../app.py",
    "/voila/static/..\\..\\app.py",
    "/voila/static/..%5c..%5capp.py",
    "/voila/static/.%2e/.%2e/app.py",
    "/voila/static/%c0%ae%c0%ae/app.py",
    "/voila/static/",
    "/voila/static",
    "/voila/templates/barscope/index.html.j2",
    "/voila/templates/barscope/static/../conf.json",
    "/voila/templates/lab/static/../index.html.j2",
    "/voila/templates/..%2f..%2f..%2fetc/static/passwd",
    "/voila/templates/classic/static/index.css",
    "/voila/api/themes/..%2f..%2f..%2f..%2fetc%2fpasswd",
    "/voila/api/themes/../templates/base/page.html",
    "/voila/labextensions/anywidget/../../../../../etc/passwd",
    "/voila/labextensions/jupyterlab-plotly/package.json",
    "/voila/labextensions/..%2fjupyter%2fkernels%2fpython3%2fkernel.json",
    "/static/index.css",
    "/static/../../etc/passwd",
    "/files/published/secret.txt",
    "/secret.txt",
    "/published/snapshot.db",
    "//etc/passwd",
    "/%2e%2e/%2e%2e/etc/passwd",
    "/page.ipynb",
    "/.env",
]
ADDRESSES = [
    "/api/contents",
    "/api/contents/page.ipynb",
    "/voila/api/contents",
    "/api/kernels",
    "/api/kernelspecs",
    "/api/sessions",
    "/api/terminals",
    "/terminals/1",
    "/api/config/common",
    "/api/status",
    "/api/me",
    "/api/nbconvert",
    "/nbconvert/html/page.ipynb",
    "/lab",
    "/lab/tree/page.ipynb",
    "/tree",
    "/voila/tree",
    "/voila/render/page.ipynb",
    "/voila/query/00000000-0000-0000-0000-000000000000",
    "/voila/execution/00000000-0000-0000-0000-000000000000",
    "/notebooks/page.ipynb",
    "/view/page.ipynb",
    "/metrics",
    "/login",
    "/logout",
    "/custom/custom.css",
    "/lsp/status",
    "/services/contents",
]


@pytest.mark.parametrize("path", PATHS + ADDRESSES)
def test_nothing_else_is_served(dashboard, path):
    """A file, template, theme, extension or service that the page does not need is not there, however it is written."""
    answer = dashboard.ask(path)
    assert answer.code in (400, 404)
    assert "hunter2" not in answer.body
    assert "root:" not in answer.body


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT", "PROPFIND"])
@pytest.mark.parametrize("path", ["/", "/api/kernels/00000000-0000-0000-0000-000000000000", "/api/contents/x"])
def test_no_other_method_is_understood(dashboard, method, path):
    """What would change something is refused by its method alone."""
    assert dashboard.ask(path, method, "").code == 405


@pytest.mark.parametrize("path", ["/api/kernels", "/api/sessions", "/api/terminals", "/api/contents/x", "/login"])
def test_nothing_can_be_posted(dashboard, path):
    """Nothing is made by a POST: no kernel, session, terminal, file or login."""
    before = dashboard.kernels()
    assert dashboard.ask(path, "POST", '{"name": "python3", "type": "file"}').code == 404
    assert dashboard.kernels() <= before


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "evil.example"}, 421),
        ({"Host": "127.0.0.1"}, 421),
        ({"Host": "localhost.evil.example:80"}, 421),
        ({"Host": ""}, 421),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://["}, 403),
    ],
)
@pytest.mark.parametrize("path", ["/", FILE, "/nothing"])
def test_no_other_site_is_answered(dashboard, path, headers, status):
    """A request by a foreign name (rebinding) or from a foreign page is refused, at every address."""
    assert dashboard.ask(path, **headers).code == status


@pytest.mark.parametrize("path", ["/", FILE, "/nothing", "/api/kernels/x", "/status"])
@pytest.mark.parametrize("told", [None, "wrong", "", "a-token-nobody-can-gues", "é"])
def test_without_the_token_there_is_nothing(dashboard, path, told):
    """No address answers anything but 401 to a visitor without the right token, where one is asked for."""
    if not dashboard.token:
        return
    query = "" if told is None else f"?token={'%C3%A9' if told == 'é' else told}"
    answer = dashboard.ask(path + query, Authorization="")
    assert answer.code == 401
    assert dashboard.token not in answer.body


def test_the_link_becomes_a_cookie_that_scripts_and_other_sites_do_not_get(dashboard):
    """The whole link answers with a strict cookie, and that cookie alone opens the page's files."""
    answer = dashboard.ask(f"/?token={dashboard.token}", Authorization="")
    cookie = answer.headers["Set-Cookie"]
    assert answer.code == 200
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert dashboard.token not in cookie or not dashboard.token
    opened = dashboard.ask(FILE, Authorization="", Cookie=cookie.partition(";")[0])
    assert opened.code == 200
    forged = re.sub(r"[0-9a-f]{8}$", "00000000", cookie.partition(";")[0].rstrip('"')) + '"'
    if dashboard.token:
        assert dashboard.ask(FILE, Authorization="", Cookie=forged).code == 401


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/", {"Authorization": "Bearer wrong"}),
        ("/?token=a-token-nobody-can-guess", {}),
        ("/nothing", {}),
        (FILE, {}),
        (FILE, {"If-None-Match": "*"}),
        (FILE, {"Range": "bytes=0-9"}),
        ("/", {"Host": "evil.example"}),
        ("/", {"Origin": "https://evil.example"}),
    ],
)
def test_every_answer_has_the_strict_headers(dashboard, path, headers):
    """Errors and files too say what a browser may do with them, and no header names the software or its version."""
    if path == "/" and not dashboard.token and "Host" not in headers and "Origin" not in headers:
        return
    answer = dashboard.ask(path, **headers)
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe-eval" not in policy
    assert "unsafe-inline" not in policy.partition("script-src")[2].partition(";")[0]
    assert "http" not in policy
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert "Permissions-Policy" in answer.headers
    assert "Access-Control-Allow-Origin" not in answer.headers
    assert answer.headers["Server"] == "barscope"


def test_the_page_is_ours_whatever_the_address_asks_for(viewer):
    """Neither template nor theme can be chosen, nothing comes from another host, no path of this machine is told."""
    assert "barscope" in viewer.html
    assert not re.search(r"""(src|href|url)\s*[=(]\s*["']?(https?:)?//""", viewer.html)
    for told in ("a-query-string", sys.prefix, str(Path.home()) + "/", "hunter2"):
        assert told not in viewer.html


def test_an_error_looks_like_the_product_to_a_person(dashboard):
    """A browser gets a page, a program gets JSON."""
    page = dashboard.ask("/nothing", Accept="text/html,*/*")
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "There is nothing here" in page.body
    assert dashboard.ask("/nothing").body == '{"error": "There is nothing here"}'


def _raw(dashboard, sent: bytes) -> bytes:
    """What comes back before the server closes the connection."""
    with closing(socket.create_connection(("127.0.0.1", dashboard.port), timeout=30)) as connection:
        came = b""
        with suppress(OSError):  # closed before all of it was read
            connection.sendall(sent)
            connection.shutdown(socket.SHUT_WR)
            while more := connection.recv(65_536):
                came += more
        return came


@pytest.mark.parametrize(
    "sent",
    [
        b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"x" * 100_000 + b"\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"\x00" * 100,
    ],
    ids=["long header", "long body", "negative body", "smuggling", "two hosts", "no version", "TLS", "zeros"],
)
def test_a_request_that_is_none_ends_quietly(dashboard, sent):
    """A malformed or overlong request is refused, and the server goes on."""
    answer = _raw(dashboard, sent)
    assert not answer or answer.startswith((b"HTTP/1.1 400", b"HTTP/1.1 421", b"HTTP/1.1 4"))
    assert dashboard.ask("/nothing").code == 404
