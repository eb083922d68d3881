"""`kdns serve` over real sockets, asked by dig and by dnspython."""

import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import dns.message
import dns.query
import dns.rcode
import pytest

from kdns.demo import DEMO_PATH
from tests.benchmarks.mutate import report, run
from tests.cli.servers import KDNS, Running, free_port, running, serving
from tests.conftest import find_tool

SERVICE = """
apiVersion: v1
kind: Service
metadata: {{name: web}}
spec: {{clusterIP: {address}, ports: [{{port: 80}}]}}
"""


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with serving(tmp_path_factory.mktemp("demo"), "--demo") as server:
        wait_for(lambda: ask(server, "nginx-service.default.svc.cluster.local").answer)
        yield server


def ask(server: Running, name: str, rtype: str = "A") -> dns.message.Message:
    return dns.query.udp(dns.message.make_query(name, rtype), "127.0.0.1", port=server.port, timeout=5)


def wait_for(condition: Callable[[], object], seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(0.02)


def dig(server: Running, *arguments: str) -> str:
    command = [find_tool("dig"), "@127.0.0.1", "-p", str(server.port), *arguments]
    printed = subprocess.run(command, capture_output=True, text=True, timeout=30, check=True)
    return " ".join(printed.stdout.replace("\t", " ").split())


ZONE = "cluster.local"
SOA = "cluster.local. 30 IN SOA ns.dns.cluster.local. hostmaster.cluster.local."
QUESTIONS = {
    f"nginx-service.default.svc.{ZONE}": "IN A 10.96.10.10",
    f"SRV _http._tcp.multi-port-service.default.svc.{ZONE}": (
        f"IN SRV 0 100 80 multi-port-service.default.svc.{ZONE}."
        f" ;; ADDITIONAL SECTION: multi-port-service.default.svc.{ZONE}. 30 IN A 10.96.20.10"
    ),
    f"external-service.default.svc.{ZONE}": "IN CNAME api.example.com.",
    f"external-db.default.svc.{ZONE}": "IN A 10.96.30.10",
    f"postgres-0.postgres-headless.default.svc.{ZONE}": "IN A 10.244.1.21",
    f"10-244-1-10.default.pod.{ZONE}": "IN A 10.244.1.10",
    "-x 10.96.0.1": f"IN PTR kubernetes.default.svc.{ZONE}.",
    f"AAAA nginx-service.default.svc.{ZONE}": f"status: NOERROR ;; AUTHORITY SECTION: {SOA}",
    f"missing.default.svc.{ZONE}": f"status: NXDOMAIN ;; AUTHORITY SECTION: {SOA}",
}
MANNERS = ["", "+tcp", "+bufsize=512", "+noedns", "+cookie", "+dnssec", "mixed case"]


@pytest.mark.parametrize("manner", MANNERS)
@pytest.mark.parametrize("question", QUESTIONS)
def test_dig_gets_the_demo_s_answers(demo: Running, question: str, manner: str) -> None:
    words, options = question.split(), [manner] if manner.startswith("+") else []
    if manner == "mixed case" and "-x" not in words:
        words[-1] = "".join(c.upper() if i % 2 else c for i, c in enumerate(words[-1]))
    shown = dig(demo, *words, *options, "+noall", "+comments", "+answer", "+authority", "+additional")
    shown = shown.lower().replace(";; answer section: ", "")
    for expected in QUESTIONS[question].lower().replace("status: ", "").split(" ;; "):
        assert expected in shown


def test_headless_service_gives_every_pod_and_each_comes_first(demo: Running) -> None:
    name = f"postgres-headless.default.svc.{ZONE}"
    answers = [[rr.address for rr in ask(demo, name).answer[0]] for _ in range(6)]
    assert all(set(each) == {"10.244.1.21", "10.244.2.21", "10.244.3.21"} for each in answers)


def test_names_outside_are_refused(demo: Running) -> None:
    assert ask(demo, "example.com").rcode() == dns.rcode.REFUSED


@pytest.mark.parametrize(
    ("name", "rtype", "expected"),
    [
        ("localhost", "A", "127.0.0.1"),
        ("anything.localhost", "AAAA", "::1"),
        ("1.0.0.127.in-addr.arpa", "PTR", "localhost."),
    ],
)
def test_zones_that_a_resolver_answers_itself(demo: Running, name: str, rtype: str, expected: str) -> None:
    assert str(ask(demo, name, rtype).answer[0][0]) == expected


def test_mutated_packets_leave_the_server_answering(demo: Running) -> None:
    summary = run("127.0.0.1", demo.port, udp=100_000, tcp=2_000)
    assert summary.ok, report(summary)


def test_edited_manifest_is_answered_anew(tmp_path: Path) -> None:
    manifest = tmp_path / "web.yaml"
    manifest.write_text(SERVICE.format(address="10.96.1.1"))
    with serving(tmp_path, "--cluster", manifest) as server:
        wait_for(lambda: "10.96.1.1" in str(ask(server, f"web.default.svc.{ZONE}")))
        manifest.write_text(SERVICE.format(address="10.96.1.2"))
        wait_for(lambda: "10.96.1.2" in str(ask(server, f"web.default.svc.{ZONE}")))
        manifest.write_text("kind: [")
        wait_for(lambda: "web.yaml" in server.log.read_text())
        assert "10.96.1.2" in str(ask(server, f"web.default.svc.{ZONE}"))


def test_tutorial_manifest_without_addresses_is_served_as_it_stands(tmp_path: Path) -> None:
    manifest = tmp_path / "tutorial.yaml"
    manifest.write_text(
        "apiVersion: v1\nkind: Service\nmetadata: {name: my-app}\n"
        "spec:\n  selector: {app: web}\n  ports:\n  - port: 80\n    targetPort: 8080\n"
    )
    with serving(tmp_path, "--cluster", manifest) as server:
        wait_for(lambda: ask(server, f"my-app.default.svc.{ZONE}").answer)
        address = ask(server, f"my-app.default.svc.{ZONE}").answer[0][0].address
        assert address.startswith("10.96.")
        assert address in server.log.read_text()


def test_zone_file_is_served_beside_the_cluster(tmp_path: Path) -> None:
    zone = tmp_path / "corp.zone"
    zone.write_text("$ORIGIN corp.test.\n@ 60 SOA ns h 1 2 3 4 5\n@ 60 NS ns\nns 60 A 192.0.2.7\n")
    with serving(tmp_path, "--demo", "--zone-file", zone) as server:
        assert "192.0.2.7" in str(ask(server, "ns.corp.test"))


def test_a_zone_file_below_the_cluster_domain_and_one_in_a_reverse_tree_are_served(tmp_path: Path) -> None:
    head = "$ORIGIN {}.\n@ 60 SOA ns h 1 2 3 4 5\n@ 60 NS ns\n"
    (tmp_path / "below").write_text(head.format("static.cluster.local") + "www 60 A 192.0.2.8\n")
    (tmp_path / "reverse").write_text(head.format("2.0.192.in-addr.arpa") + "8 60 PTR www.corp.test.\n")
    files = ("--zone-file", tmp_path / "below", "--zone-file", tmp_path / "reverse")
    with serving(tmp_path, "--demo", *files) as server:
        wait_for(lambda: ask(server, f"nginx-service.default.svc.{ZONE}").answer)
        assert "192.0.2.8" in str(ask(server, "www.static.cluster.local"))
        assert "www.corp.test." in str(ask(server, "8.2.0.192.in-addr.arpa", "PTR"))
        assert "kubernetes.default.svc" in str(ask(server, "1.0.96.10.in-addr.arpa", "PTR"))


def test_the_environment_names_the_cluster_where_no_option_does(tmp_path: Path) -> None:
    variables = {"KDNS_CLUSTER": str(tmp_path), "KDNS_STATE_DIR": str(tmp_path / "state")}
    (tmp_path / "web.yaml").write_text(SERVICE.format(address="10.96.1.9"))
    port = free_port()
    listen = ("serve", "--listen", f"127.0.0.1:{port}")
    with running(tmp_path, port, *listen, variables=variables) as server:
        wait_for(lambda: "10.96.1.9" in str(ask(server, f"web.default.svc.{ZONE}")))
    with running(tmp_path, port, *listen, "--demo", variables=variables) as server:
        wait_for(lambda: ask(server, f"nginx-service.default.svc.{ZONE}").answer)
        assert not ask(server, f"web.default.svc.{ZONE}").answer


def test_the_printed_corefile_serves_the_same(tmp_path: Path) -> None:
    port = free_port()
    options = ["--listen", f"127.0.0.1:{port}", "--listen", f"[::1]:{port}", "--ttl", "17"]
    printed = subprocess.run([KDNS, "serve", *options, "--print-corefile"], capture_output=True, text=True)
    assert (printed.returncode, printed.stderr) == (0, "")
    words = ("-conf", "stdin", "--cluster", DEMO_PATH)
    with running(tmp_path, port, *words, corefile=printed.stdout) as server:
        wait_for(lambda: ask(server, f"nginx-service.default.svc.{ZONE}").answer)
        assert ask(server, f"nginx-service.default.svc.{ZONE}").answer[0].ttl == 17
        assert str(ask(server, "localhost").answer[0][0]) == "127.0.0.1"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--cluster", "/nowhere/at/all"], "/nowhere/at/all"),
        ([], "--cluster"),
        (["--demo", "--listen", "nonsense"], "nonsense"),
        (["--demo", "--listen", "192.0.2.1:53"], "192.0.2.1"),
        (["--demo", "--zone-file", "/nowhere.zone"], "/nowhere.zone"),
        (["--demo", "--ttl", "86400"], "86400"),
        (["--demo", "--service-cidr", "10.96.0.0/99"], "10.96.0.0/99"),
    ],
)
def test_what_can_not_start_says_why_and_shows_no_traceback(arguments: list[str], said: str) -> None:
    done = subprocess.run([KDNS, "serve", *arguments], capture_output=True, text=True, timeout=30)
    assert done.returncode != 0
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_a_zone_file_for_the_cluster_domain_itself_is_refused(tmp_path: Path) -> None:
    zone = tmp_path / "zone"
    zone.write_text(f"$ORIGIN {ZONE}.\n@ 60 SOA ns h 1 2 3 4 5\n@ 60 NS ns\n")
    done = subprocess.run(
        [KDNS, "serve", "--demo", "--zone-file", zone], capture_output=True, text=True, timeout=30
    )
    assert (done.returncode, f"{zone}: the zone {ZONE}." in done.stderr) == (1, True)
