# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What to do about what nginx -t says of a configuration that was put in beside somebody's own. No I/O."""

from __future__ import annotations

import re

_EXPLANATIONS = (
    (
        r'duplicate location "/"',
        "The server that includes our server file has a location / of its own. Ours takes its place: take yours out of "
        "that server (at the place that nginx names, or where our file is included), then run again. Other locations "
        "of yours stay as they are.",
    ),
    (
        r'"open_file_cache" directive is duplicate',
        "Our server file switches open_file_cache off, because a cache would keep serving the former slot. Take yours "
        "out of that server and put it into those locations that need it, then run again.",
    ),
    (
        r'unknown "\w+_(connection|host|answered)" variable|unknown "\w+_(connection|host|answered)"',
        "The variables of our server file are defined in our http file (nginx_switchover_http_file), which nginx does "
        "not read. Add this line at the http level, beneath your server, reload nginx, and run again:{http_line}",
    ),
    (
        r'unknown "\w+_slot" variable',
        "A location of yours passes to a variable of ours. Give it an address of its own, or take it out, until our "
        "server file is in effect, and again before it is withdrawn.",
    ),
    (
        r'duplicate upstream|duplicate "log_format" name|"log_format" name .* duplicate',
        "Our upstreams are defined twice: a former site file of this application is still read, or our http file is "
        "included twice. Take the second one away, then run again.",
    ),
    (
        r'unknown directive "http2"|invalid parameter "http2"|the "http2" parameter requires',
        "This nginx has no HTTP/2. Set nginx_switchover_http2: false, then run again.",
    ),
    (
        r'unknown directive "auth_(request|delay)"',
        "Requests are held by auth_delay, which nginx has since 1.17.10, and by its module auth_request. "
        "This nginx does not have both. Set release_closed_door: maintenance, or use another nginx, then run again.",
    ),
    (
        r'"listen" directive is not allowed here|"server" directive is not allowed here|'
        r'"upstream" directive is not allowed here|"geo" directive is not allowed here',
        "Our http file is included at the wrong level: it belongs at the http level, beside your server blocks and not "
        "inside one.",
    ),
    (
        r'"(set|location|add_header)" directive is not allowed here',
        "Our server file is included at the wrong level: it belongs inside your server block.",
    ),
    (
        r"host not found in upstream",
        "nginx cannot resolve the address of an application host; an nginx in a container asks the container's own "
        "resolver and its own /etc/hosts. Set release_address of that host to an IP address, then run again.",
    ),
    (
        r'open\(\) "[^"]+\.log" failed \(2:',
        "The folder of nginx_switchover_access_log must be there before nginx is: where nginx runs, so in its "
        "container if it is in one. Make it, or mount it, or choose another place, then run again.",
    ),
    (
        r"cannot load certificate|no \"ssl_certificate\" is defined",
        "See nginx_switchover_tls_certificate and nginx_switchover_tls_certificate_key: paths on the proxy, readable "
        "by root, of a certificate chain and its key. In include mode with ssl in nginx_switchover_listen, include our "
        "http file beneath your own server, whose certificate it then shares.",
    ),
)


def explain(said: str, http_line: str = "") -> str:
    """What to do about it; empty when nginx's own words have to do. http_line: the line that includes our http file."""
    for pattern, text in _EXPLANATIONS:
        if re.search(pattern, said):
            return text.replace("{http_line}", f"\n    {http_line}" if http_line else "")
    return ""
