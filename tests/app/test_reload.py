"""One Corefile after another in a process that is asked all the while: nothing is lost, nothing is wrong."""

import contextlib
import signal
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import dns.message
import dns.query
import dns.rcode
import pytest

from kdns.demo import DEMO_PATH
from tests.app.asking import Asker
from tests.cli.servers import Running, free_port, running

PATIENCE = 90.0

GOOD = """
.:{port} {{
    errors
    health 127.0.0.1:{http} {{
        lameduck 0s
    }}
    ready 127.0.0.1:{http2}
    kubernetes cluster.local in-addr.arpa ip6.arpa {{
        pods insecure
        fallthrough in-addr.arpa ip6.arpa
        ttl {ttl}
    }}
    prometheus 127.0.0.1:{metrics}
    hosts {{
        192.0.2.1 outside.example.com
        ttl {ttl}
        fallthrough
    }}
    {more}
    loadbalance
}}
"""

MORE = (
    "cache 300",
    "",
    "cache {\n disable success cluster.local\n}",
    "reload 30s 1s",
    "loop",
    "log . {\n class error\n }",
)

BROKEN = (
    lambda text: text.replace("kubernetes", "kubernets", 1),
    lambda text: text.rstrip()[:-1],
    lambda text: text.replace("pods insecure", "pods sometimes"),
    lambda text: text.replace("errors", "route53 example.org.:Z1", 1),
    lambda text: text.replace("hosts {", "forward . nowhere.example {\n }\n hosts {"),
    lambda text: text + text,
    lambda text: text.replace("ttl", "ttl never", 1),
    lambda text: text.replace(".:", "tls://.:", 1),
    lambda text: text.replace("errors", "import /nowhere/at/all", 1),
    lambda text: text.replace("errors", "errors\n bind 192.0.2.77", 1),
)

NAMES = {
    "nginx-service.default.svc.cluster.local.": "10.96.10.10",
    "outside.example.com.": "192.0.2.1",
    "nothing.default.svc.cluster.local.": "",
}


def is_right(name: str, response: dns.message.Message) -> bool:
    addresses = [rdata.address for rrset in response.answer for rdata in rrset]
    return addresses == [NAMES[name]] if NAMES[name] else response.rcode() == dns.rcode.NXDOMAIN


class Reloading:
    """A kdns on a Corefile that changes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.corefile = folder / "Corefile"
        self.port, self.http, self.http2, self.metrics = (free_port() for _ in range(4))
        self.running: Running

    def write(self, ttl: int, more: str = "", change: Callable[[str], str] = str) -> None:
        ports = {"port": self.port, "http": self.http, "http2": self.http2, "metrics": self.metrics}
        self.corefile.write_text(change(GOOD.format(ttl=ttl, more=more, **ports)))

    @contextlib.contextmanager
    def run(self) -> Iterator["Reloading"]:
        self.write(30)
        words = ("-conf", self.corefile, "--cluster", DEMO_PATH)
        with running(self.folder, self.port, *words) as self.running:
            self.until_ready()
            yield self

    def until_ready(self) -> None:
        """Wait until the manifests have been read."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            with contextlib.suppress(urllib.error.HTTPError):
                self.page(self.http2, "/ready")
                return
            time.sleep(0.02)
        raise AssertionError("not ready")

    def reload(self) -> str:
        """Send SIGUSR1, and return what is said about it."""
        before = len(self.running.log.read_text())
        self.running.process.send_signal(signal.SIGUSR1)
        return self.until_said(("Reloading complete", "reload failed", "parse failed"), before)

    def until_said(self, words: tuple[str, ...], after: int = 0) -> str:
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            said = self.running.log.read_text()[after:]
            for line in said.splitlines():
                if any(word in line for word in words):
                    return line
            time.sleep(0.01)
        raise AssertionError(f"nothing of {words} in {said!r}")

    def ttl(self) -> int:
        """Return the TTL of an answer, which tells which Corefile is in force."""
        query = dns.message.make_query("nginx-service.default.svc.cluster.local.", "A")
        return dns.query.udp(query, "127.0.0.1", port=self.port, timeout=PATIENCE).answer[0].ttl

    def page(self, port: int, path: str) -> str:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=PATIENCE) as response:
            return str(response.read().decode())

    def metric(self, name: str, label: str = "") -> float:
        """Return the sum of the samples of this name that have this label."""
        lines = self.page(self.metrics, "/metrics").splitlines()
        return sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith(name) and label in line)


@pytest.fixture
def reloading(tmp_path: Path) -> Iterator[Reloading]:
    with Reloading(tmp_path).run() as made:
        yield made


def test_fifty_reloads_under_load_lose_no_query_and_give_no_wrong_answer(reloading: Reloading) -> None:
    askers = [Asker(reloading.port, [*NAMES], is_right, tcp) for tcp in (False, True)]
    for asker in askers:
        asker.start()
    in_force = 30
    for number in range(50):
        is_broken = number % 5 == 4
        wanted = 31 + number
        change = BROKEN[number // 5 % len(BROKEN)] if is_broken else str
        reloading.write(wanted, MORE[number % len(MORE)], change)
        said = reloading.reload()
        assert ("failed" in said) == is_broken, said
        in_force = in_force if is_broken else wanted
        assert reloading.ttl() == in_force
        assert reloading.page(reloading.http, "/health") == "OK"
        assert reloading.page(reloading.http2, "/ready") == "OK"
    for asker in askers:
        asker.stop()
    assert [asker.faults for asker in askers] == [{}, {}]
    assert min(asker.answered for asker in askers) > 2000
    assert reloading.metric("coredns_reload_failed_total") == 10
    asked = sum(asker.answered for asker in askers) + 50
    assert reloading.metric("coredns_dns_requests_total", 'type="A"') == asked, "each is counted once"


def test_a_changed_corefile_behind_a_symlink_is_taken_over_by_itself(tmp_path: Path) -> None:
    made = Reloading(tmp_path)
    made.write(30, "reload 2s 1s")
    first, second, link = tmp_path / "..1", tmp_path / "..2", tmp_path / "..data"
    for folder, ttl in ((first, 30), (second, 44)):
        folder.mkdir()
        made.corefile = folder / "Corefile"
        made.write(ttl, "reload 2s 1s")
    link.symlink_to(first)
    with running(tmp_path, made.port, "-conf", link / "Corefile", "--cluster", DEMO_PATH) as made.running:
        made.until_ready()
        assert made.ttl() == 30
        swapped = tmp_path / "..swap"
        swapped.symlink_to(second)
        swapped.rename(link)
        made.until_said(("Reloading complete",))
        assert made.ttl() == 44


def test_an_address_can_be_exchanged_for_a_narrower_one_and_back(reloading: Reloading) -> None:
    asker = Asker(reloading.port, [*NAMES], is_right, tcp=False)
    asker.start()
    for number in range(4):
        bind = (lambda text: text.replace("errors", "errors\n bind 127.0.0.1", 1)) if number % 2 == 0 else str
        reloading.write(50 + number, change=bind)
        assert "complete" in reloading.reload()
        assert reloading.ttl() == 50 + number
    asker.stop()
    assert asker.faults == {}


def test_an_unchanged_corefile_is_taken_over_again_at_a_signal(reloading: Reloading) -> None:
    assert "complete" in reloading.reload()
    assert reloading.ttl() == 30
