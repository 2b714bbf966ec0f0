# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""An authority and a certificate for the tests, by openssl."""

from __future__ import annotations

import subprocess
from pathlib import Path

# A backdated beginning is not needed: openssl begins now.
_DAYS = "2"


def _openssl(*arguments: str) -> None:
    done = subprocess.run(["openssl", *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def make_certificate(folder: Path, name: str) -> tuple[Path, Path, Path]:
    """Make an authority and a certificate for *name* alone; paths of authority, certificate and key."""
    folder.mkdir(parents=True, exist_ok=True)
    ca, ca_key, cert, key = (folder / part for part in ("ca.pem", "ca.key", "cert.pem", "cert.key"))
    new = ("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", _DAYS)
    _openssl(*new, "-subj", "/CN=test authority", "-keyout", str(ca_key), "-out", str(ca))
    _openssl(
        *new,
        *("-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}", "-addext", "basicConstraints=CA:FALSE"),
        *("-CA", str(ca), "-CAkey", str(ca_key), "-keyout", str(key), "-out", str(cert)),
    )
    return ca, cert, key
