# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The output of nginx -T understood: the usual layouts of Debian and of nginx.org, and the corners of the syntax."""

from __future__ import annotations

import pytest
from ansible_collections.bluegreen.release.plugins.module_utils.nginx_dump import Dump, DumpError, parse, walk
from ansible_collections.bluegreen.release.plugins.module_utils.nginx_syntax import SyntaxProblem, parse_file

DEBIAN = """\
user www-data;
worker_processes auto;
pid /run/nginx.pid;
include /etc/nginx/modules-enabled/*.conf;

events {
	worker_connections 768;
	# multi_accept on;
}

http {
	sendfile on;
	tcp_nopush on;
	include /etc/nginx/mime.types;
	default_type application/octet-stream;
	ssl_protocols TLSv1.2 TLSv1.3; # no SSLv3
	access_log /var/log/nginx/access.log;
	gzip on;
	include /etc/nginx/conf.d/*.conf;
	include /etc/nginx/sites-enabled/*;
}

#mail {
#	server {
#		listen localhost:110;
#	}
#}
"""
MIME = "\ntypes {\n    text/html   html htm shtml;\n    text/css    css;\n}\n"
SITE = """\
upstream shop {
    server app1:8080 max_fails=0;
    server 192.0.2.7;
    keepalive 16;
}

server {
    listen 80 default_server;
    listen [::]:80;
    listen 192.0.2.9:443 ssl;
    server_name Shop.test
                www.shop.test;

    location / {
        proxy_pass http://shop;
        location /api/ { proxy_pass http://127.0.0.1:9000/; }
    }
    location ~* "\\.(png|jpg)$" {
        root /var/www;
    }
    location =/old {
        if ($http_x_new) {
            proxy_pass http://$backend;
        }
        return 404;
    }
}
"""
NGINX_ORG = """\

user  nginx;
worker_processes  auto;

error_log  /var/log/nginx/error.log notice;
pid        /run/nginx.pid;


events {
    worker_connections  1024;
}


http {
    include       mime.types;
    default_type  application/octet-stream;

    log_format  main  '$remote_addr - $remote_user [$time_local] "$request" '
                      '$status $body_bytes_sent "$http_referer" '
                      '"$http_user_agent" "$http_x_forwarded_for"';

    access_log  /var/log/nginx/access.log  main;
    keepalive_timeout  65;

    include /etc/nginx/conf.d/*.conf;
}
"""
DEFAULT = """\
server {
    listen       80;
    server_name  localhost;

    #access_log  /var/log/nginx/host.access.log  main;

    location / {
        root   /usr/share/nginx/html;
        index  index.html index.htm;
    }

    # proxy the PHP scripts to Apache listening on 127.0.0.1:80
    #
    #location ~ \\.php$ {
    #    proxy_pass   http://127.0.0.1;
    #}
}

"""


def dump_of(**files: str) -> str:
    """Give what nginx -T prints of these files."""
    return "".join(f"# configuration file {path}:\n{text}\n" for path, text in files.items())


def debian(site: str = SITE) -> Dump:
    return parse(
        "nginx: [warn] something of no importance\n"
        + dump_of(
            **{
                "/etc/nginx/nginx.conf": DEBIAN,
                "/etc/nginx/mime.types": MIME,
                "/etc/nginx/sites-enabled/shop": site,
            }
        )
    )


def one_file(text: str) -> Dump:
    return parse(dump_of(**{"/etc/nginx/nginx.conf": text}))


def test_debian_files_are_told_apart_to_the_byte() -> None:
    dump = debian()
    assert list(dump.files) == ["/etc/nginx/nginx.conf", "/etc/nginx/mime.types", "/etc/nginx/sites-enabled/shop"]
    assert dump.files["/etc/nginx/sites-enabled/shop"] == SITE
    assert dump.files["/etc/nginx/nginx.conf"] == DEBIAN


def test_debian_site_is_a_server_with_its_names_and_listens() -> None:
    (server,) = debian().servers
    assert server.place == "/etc/nginx/sites-enabled/shop:7"
    assert server.end_line == 27
    assert server.names == ("shop.test", "www.shop.test")
    assert [(one.address, one.port, one.ssl, one.default) for one in server.listens] == [
        ("*", 80, False, True),
        ("[::]", 80, False, False),
        ("192.0.2.9", 443, True, False),
    ]


def test_locations_come_flat_with_modifier_and_their_own_passes() -> None:
    (server,) = debian().servers
    found = [(one.modifier, one.path, [(p.value, p.line) for p in one.passes]) for one in server.locations]
    assert found == [
        ("", "/", [("http://shop", 15)]),
        ("", "/api/", [("http://127.0.0.1:9000/", 16)]),
        ("~*", "\\.(png|jpg)$", []),
        ("=", "/old", [("http://$backend", 23)]),
    ]
    assert [one.line for one in server.passes] == [15, 16, 23]


def test_a_pass_is_followed_to_addresses() -> None:
    dump = debian()
    assert dump.addresses("http://shop") == ("app1:8080", "192.0.2.7:80")
    assert dump.addresses("http://SHOP/path") == ("app1:8080", "192.0.2.7:80")
    assert dump.addresses("http://127.0.0.1:9000/x?y") == ("127.0.0.1:9000",)
    assert dump.addresses("https://backend.test") == ("backend.test:443",)
    assert dump.addresses("http://unix:/run/app.sock:/") == ("unix:/run/app.sock",)
    assert dump.addresses("http://$backend") == ()


def test_includes_are_followed_and_told() -> None:
    dump = debian()
    assert dump.reads("/etc/nginx/conf.d/other.conf", ("http",))
    assert not dump.reads("/etc/nginx/conf.d/other.conf", ())
    assert not dump.reads("/etc/nginx/other.d/other.conf", ("http",))
    assert dump.included_in("/etc/nginx/sites-enabled/shop") == [("http",)]
    assert dump.included_in("/etc/nginx/nginx.conf") == []
    unmatched = next(one for one in dump.inclusions if one.pattern == "/etc/nginx/conf.d/*.conf")
    assert (unmatched.paths, unmatched.context, unmatched.line) == ((), ("http",), 19)


def test_the_http_level_holds_what_included_files_set_there() -> None:
    names = [one.name for one in debian("open_file_cache max=100;\n" + SITE).http]
    assert "open_file_cache" in names
    assert names.index("open_file_cache") > names.index("gzip")
    assert "worker_connections" not in names


def test_an_include_in_a_server_gives_the_server_its_locations() -> None:
    dump = parse(
        dump_of(
            **{
                "/etc/nginx/nginx.conf": "http { server { listen 81; include snippets/app.conf; } }",
                "/etc/nginx/snippets/app.conf": "location / {\n  proxy_pass http://app1;\n}\n",
            }
        )
    )
    (server,) = dump.servers
    assert [one.file for one in server.locations] == ["/etc/nginx/snippets/app.conf"]
    assert (server.passes[0].file, server.passes[0].line) == ("/etc/nginx/snippets/app.conf", 2)
    assert dump.included_in("/etc/nginx/snippets/app.conf") == [("http", "server")]


def test_a_star_reads_neither_hidden_files_nor_folders() -> None:
    files = {
        "/etc/nginx/nginx.conf": "http { include conf.d/*.conf; include conf.d/*/*.conf; }",
        "/etc/nginx/conf.d/b.conf": "server { server_name b; }",
        "/etc/nginx/conf.d/a.conf": "server { server_name a; }",
        "/etc/nginx/conf.d/.c.conf": "server { server_name c; }",
        "/etc/nginx/conf.d/x/d.conf": "server { server_name d; }",
    }
    assert [one.names for one in parse(dump_of(**files)).servers] == [("a",), ("b",), ("d",)]


def test_nginx_org_layout() -> None:
    dump = parse(
        dump_of(
            **{
                "/etc/nginx/nginx.conf": NGINX_ORG,
                "/etc/nginx/mime.types": MIME,
                "/etc/nginx/conf.d/default.conf": DEFAULT,
            }
        )
    )
    (server,) = dump.servers
    assert (server.names, server.passes, server.locations[0].path) == (("localhost",), (), "/")
    assert dump.included_in("/etc/nginx/mime.types") == [("http",)]
    log_format = next(one for one in dump.http if one.name == "log_format")
    assert log_format.args[0] == "main"
    assert log_format.args[1].endswith('"$request" ')


def test_servers_of_streams_are_not_servers_of_ours() -> None:
    text = "stream { upstream db { server a:1; } server { listen 5432; proxy_pass db; } }\nhttp { }"
    dump = one_file(text)
    assert (dump.servers, dump.upstreams) == ((), ())


def test_a_server_without_listen_listens_on_80() -> None:
    (server,) = one_file("http { server { server_name x; } }").servers
    assert [one.port for one in server.listens] == [80]


@pytest.mark.parametrize(
    ("text", "address", "port"),
    [("localhost", "localhost", 80), ("unix:/run/x.sock", "unix:/run/x.sock", 0), ("[::1]:8080", "[::1]", 8080)],
)
def test_listens(text: str, address: str, port: int) -> None:
    (server,) = one_file(f"http {{ server {{ listen {text}; }} }}").servers
    assert (server.listens[0].address, server.listens[0].port) == (address, port)


@pytest.mark.parametrize(
    ("text", "args"),
    [
        (r"set 'it\'s';", ("it's",)),
        (r'set "a\"b\\c\td";', ('a"b\\c\td',)),
        (r"rewrite ^/(\d+)$ /x;", (r"^/(\d+)$", "/x")),
        (r"set a\;b;", (r"a\;b",)),
        ("set ${name}x;", ("${name}x",)),
        ("set a#b # comment; }\n c;", ("a#b", "c")),
        ('set "# {;}" x;', ("# {;}", "x")),
        ("set a}b;", ("a}b",)),
        ('set "over\nlines";', ("over\nlines",)),
    ],
)
def test_words(text: str, args: tuple[str, ...]) -> None:
    (directive,) = parse_file(text, "f")
    assert directive.args == args


def test_foreign_code_in_a_block_is_gone_over() -> None:
    text = 'location / {\n content_by_lua_block {\n  -- it\'s }\n  ngx.say("}") if x then { a } end\n }\n root /x;\n}'
    (location,) = parse_file(text, "f")
    assert [(one.name, one.line) for one in location.block or ()] == [("content_by_lua_block", 2), ("root", 6)]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a 'b;\n", "f:1: the quote is never closed"),
        ("a;\nb {\n c;\n", "f:2: the block is never closed"),
        ("a;\n}\n", 'f:2: unexpected "}"'),
        ("a;\n;\n", 'f:2: unexpected ";"'),
        ("a { b }", 'f:1: "b" is not ended by ";"'),
        ("a b", 'f:1: "a" is not ended by ";"'),
    ],
)
def test_what_nginx_refuses_is_refused_with_its_place(text: str, says: str) -> None:
    with pytest.raises(SyntaxProblem) as caught:
        parse_file(text, "f")
    assert str(caught.value) == says


def test_what_is_no_dump_is_refused() -> None:
    with pytest.raises(DumpError, match="no line"):
        parse("server { }\n")
    with pytest.raises(DumpError, match=r"/etc/nginx/nginx.conf:1: the block is never closed"):
        one_file("http {")
    with pytest.raises(DumpError, match="includes itself"):
        one_file("include nginx.conf;")


def test_walk_gives_every_level() -> None:
    assert [one.name for one in walk(parse_file("a { b { c; } } d;"))] == ["a", "b", "c", "d"]
