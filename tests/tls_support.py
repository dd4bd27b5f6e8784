"""A test CA and certificates of it, made with the openssl command."""

from __future__ import annotations

import shutil
import ssl
import subprocess
from pathlib import Path

import pytest

NAMES = {"good": ("localhost", "2"), "other": ("other.example", "2"), "old": ("localhost", "-1")}


def make_certificates(folder: Path) -> dict[str, Path]:
    """By file name: a CA (``ca.pem``), of it ``good`` for localhost, ``other`` for another name, ``old`` expired, and
    ``self``, which signed itself; each as ``.pem`` and ``.key``."""
    openssl = shutil.which("openssl")
    if not openssl:
        pytest.skip("makes its certificates with the openssl command")

    def run(*words: str) -> None:
        subprocess.run([openssl, *words], cwd=folder, check=True, capture_output=True)

    curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
    for name, subject in (("ca", "/CN=Test CA"), ("self", "/CN=localhost")):
        run("req", "-x509", *curve, "-keyout", f"{name}.key", "-out", f"{name}.pem", "-days", "2", "-subj", subject)
    for name, (host, days) in NAMES.items():
        run("req", *curve, "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={host}")
        (folder / f"{name}.ext").write_text(f"subjectAltName=DNS:{host}\n", encoding="ascii")
        signing = ("-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-extfile", f"{name}.ext", "-days", days)
        run("x509", "-req", "-in", f"{name}.csr", "-out", f"{name}.pem", *signing)
    return {path.name: path for path in folder.iterdir()}


def server_context(certificates: dict[str, Path], name: str) -> ssl.SSLContext:
    """What a TLS server needs to show the certificate of that name."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates[f"{name}.pem"], certificates[f"{name}.key"])
    return context
