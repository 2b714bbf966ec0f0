"""Put an image for another architecture into the lab's registry: foreign_image.py LAB. It has one empty layer."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import subprocess
import sys
import tarfile
import urllib.request

TYPES = "application/vnd.docker."
REPOSITORY, TAG, ARCHITECTURE = "foreign", "1.0.0", "s390x"


def digest(content: bytes) -> str:
    return "sha256:" + hashlib.sha256(content).hexdigest()


def send(method: str, url: str, content: bytes, kind: str) -> str:
    request = urllib.request.Request(url, data=content, method=method, headers={"Content-Type": kind})
    with urllib.request.urlopen(request, timeout=10) as answer:
        return str(answer.headers.get("Location") or "")


def push_blob(base: str, content: bytes) -> None:
    place = send("POST", f"{base}/blobs/uploads/", b"", "application/octet-stream")
    mark = "&" if "?" in place else "?"
    send("PUT", f"{place}{mark}digest={digest(content)}", content, "application/octet-stream")


def main() -> None:
    words = ["docker", "inspect", "-f", "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}"]
    address = subprocess.run([*words, f"{sys.argv[1]}-registry1"], capture_output=True, text=True, check=True)
    base = f"http://{address.stdout.strip()}:5000/v2/{REPOSITORY}"
    archive = io.BytesIO()
    tarfile.open(fileobj=archive, mode="w").close()
    layer = gzip.compress(archive.getvalue(), mtime=0)
    config = json.dumps(
        {
            "architecture": ARCHITECTURE,
            "os": "linux",
            "config": {},
            "rootfs": {"type": "layers", "diff_ids": [digest(archive.getvalue())]},
        }
    ).encode()
    for blob in (layer, config):
        push_blob(base, blob)
    manifest = {
        "schemaVersion": 2,
        "mediaType": f"{TYPES}distribution.manifest.v2+json",
        "config": {
            "mediaType": f"{TYPES}container.image.v1+json",
            "size": len(config),
            "digest": digest(config),
        },
        "layers": [
            {
                "mediaType": f"{TYPES}image.rootfs.diff.tar.gzip",
                "size": len(layer),
                "digest": digest(layer),
            }
        ],
    }
    send("PUT", f"{base}/manifests/{TAG}", json.dumps(manifest).encode(), str(manifest["mediaType"]))


if __name__ == "__main__":
    main()
