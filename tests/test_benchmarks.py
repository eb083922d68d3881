"""The measuring tools themselves: what they generate, read, render and send. No server of ours is needed.

Runs against kdns belong to the tests of `kdns serve`.
"""

import asyncio
import contextlib
import io
import json
import os
import time
import urllib.request
from collections import defaultdict
from collections.abc import AsyncIterator
from pathlib import Path
from random import Random
from typing import Any

import pytest

from tests.benchmarks import aims, corefile, dnsperf, events, generator, kubeapi, mutate, plan, servers, table
from tests.benchmarks.apiserver import sum_of
from tests.benchmarks.cases import Realm, built_cases, faults, remembered_cases
from tests.benchmarks.changes import KINDS, cycle
from tests.benchmarks.dnsperf import Limits, LoadResult
from tests.benchmarks.generate import write_cluster
from tests.benchmarks.largecluster import Wanted, lists_ended
from tests.benchmarks.measure import Row, Sample, measure, summarise
from tests.benchmarks.mutations import BOMBS, MAX_UDP, MUTATIONS, valid_query
from tests.benchmarks.mutations import mutate as mutated
from tests.benchmarks.packets import (
    QR,
    Question,
    a_records,
    answer_data,
    build_query,
    read_response,
    udp_limit,
)
from tests.benchmarks.plan import Size
from tests.benchmarks.probe import Address
from tests.benchmarks.prober import Probe, percentile
from tests.benchmarks.prober import summarise as summarise_probes
from tests.benchmarks.saves import Saves
from tests.benchmarks.scale import report as scale_report
from tests.benchmarks.servers import Server, peer
from tests.benchmarks.stages import SETTINGS, Column
from tests.benchmarks.waiting import Expected, Waiter, Watched

SMALL = Size(services=60, endpoints=900, pods=100, namespaces=7, headless_ratio=0.3, seed=5)

DNSPERF_OUTPUT = """\
Statistics:

  Queries sent:         382113
  Queries completed:    381913 (99.95%)
  Queries lost:         200 (0.05%)

  Response codes:       NOERROR 381913 (100.00%)
  Average packet size:  request 46, response 62
  Run time (s):         3.001523
  Queries per second:   127239.738060

  Average Latency (s):  0.001438 (min 0.000119, max 0.023004)
"""


def generated(size: Size) -> str:
    out = io.StringIO()
    write_cluster(size, out)
    return out.getvalue()


@pytest.fixture(scope="module")
def objects() -> dict[str, list[dict[str, Any]]]:
    """The generated objects by kind."""
    found = defaultdict(list)
    for item in json.loads(generated(SMALL))["items"]:
        found[item["kind"]].append(item)
    return found


def test_generator_writes_the_same_bytes_for_the_same_arguments() -> None:
    assert generated(SMALL) == generated(SMALL)
    assert generated(SMALL) != generated(SMALL._replace(seed=6))


def test_generated_file_is_what_kubectl_would_print() -> None:
    text = generated(SMALL)
    assert json.loads(text)["kind"] == "List"
    assert text == json.dumps(json.loads(text), indent=4) + "\n"


def test_generated_objects_are_as_many_as_were_asked_for(objects: dict[str, list[dict[str, Any]]]) -> None:
    special = sum(service.endpoints for service in plan.SPECIALS)
    assert len(objects["Service"]) == SMALL.services + len(plan.SPECIALS)
    assert len(objects["Pod"]) == SMALL.pods
    assert len(objects["Namespace"]) == SMALL.namespaces + len(plan.SPECIAL_NAMESPACES)
    assert sum(len(s["endpoints"]) for s in objects["EndpointSlice"]) == SMALL.endpoints + special
    assert all(len(s["endpoints"]) <= 100 for s in objects["EndpointSlice"])


def test_generated_identities_are_distinct(objects: dict[str, list[dict[str, Any]]]) -> None:
    metadata = [item["metadata"] for items in objects.values() for item in items]
    assert len({m["uid"] for m in metadata}) == len({m["resourceVersion"] for m in metadata}) == len(metadata)
    addresses = [s["spec"]["clusterIP"] for s in objects["Service"] if s["spec"]["clusterIP"] != "None"]
    assert len(set(addresses)) == len(addresses)
    assert plan.UNUSED_CLUSTER_IP not in addresses


def test_generated_slices_hold_the_addresses_that_the_plan_says(
    objects: dict[str, list[dict[str, Any]]],
) -> None:
    held: dict[tuple[str, str], list[tuple[str, str]]] = defaultdict(list)
    for item in objects["EndpointSlice"]:
        meta = item["metadata"]
        key = (meta["namespace"], meta["labels"]["kubernetes.io/service-name"])
        held[key] += ((e["addresses"][0], e.get("hostname", "")) for e in item["endpoints"])
    for service in plan.services(SMALL):
        endpoints = held[service.namespace, service.name]
        assert len({address for address, _ in endpoints}) == service.endpoints
        names = [f"pod-{i}" if service.headless else "" for i in range(service.endpoints)]
        assert [hostname for _, hostname in endpoints] == names


def test_cases_ask_distinct_names_and_built_ones_share_none_with_each_other() -> None:
    (mix,) = (case for case in remembered_cases(SMALL) if case.name.startswith("mix"))
    assert len({q.qname for q in mix.questions}) == len(mix.questions) == SMALL.services
    asked = [question for case in built_cases(SMALL) for question in case.questions]
    assert len(set(asked)) == len(asked)


def test_dnsperf_output_is_read() -> None:
    assert dnsperf.parse(DNSPERF_OUTPUT) == LoadResult(381_913, 200, 3.001523)


def test_dnsperf_output_without_statistics_is_an_error() -> None:
    with pytest.raises(ValueError, match="completed"):
        dnsperf.parse("Error: unable to open file")


def sample(cpu_us: float, *, steal: float = 0.0, lost: float = 0.0) -> Sample:
    return Sample(1000.0, cpu_us, lost, steal, 0.0)


def test_table_shows_medians_and_ratios() -> None:
    rows = [
        summarise("A", "kdns", [sample(6.0), sample(90.0), sample(5.0)]),
        summarise("A", "NSD", [sample(5.0)]),
        Row("SRV", "kdns", fault="REFUSED"),
    ]
    assert table.comparison(rows, "NSD").splitlines() == [
        "case  server           qps  CPU µs/query  ratio to NSD  noisy rounds",
        "----  ------  ------------  ------------  ------------  ------------",
        "A     kdns           1,000          6.00          1.20",
        "A     NSD            1,000          5.00          1.00",
        "",
        "SRV   kdns    wrong answer             –             –",
    ]


def test_noise_loss_and_wrong_answers_are_warned_of() -> None:
    rows = [
        summarise("A", "kdns", [sample(5.0), sample(5.0, steal=0.3, lost=0.02)]),
        Row("SRV", "kdns", fault="REFUSED"),
    ]
    noise, loss, fault = table.warnings(rows)
    assert "1 of 2 rounds" in noise and "30%" in noise
    assert "2.0%" in loss
    assert "REFUSED" in fault
    assert table.warnings([summarise("A", "kdns", [sample(5.0)])]) == []


def test_aims_are_held_against_what_was_measured_in_the_same_rounds() -> None:
    rows = [
        summarise("cached A", servers.KDNS, [sample(5.0), sample(6.0), sample(5.0)]),
        summarise("cached A", corefile.KDNS, [sample(6.0), sample(6.0), sample(5.0)]),
        summarise("cached A", corefile.COREDNS, [sample(60.0), sample(50.0), sample(50.0)]),
        summarise("cached A", corefile.AUTOPATH, [sample(6.0), sample(6.6), sample(6.6)]),
        Row("external A", corefile.KDNS, fault="SERVFAIL"),
        summarise("100 external A", servers.STAND_IN, [sample(5.0)] * 3),
        summarise("100 external A", corefile.KDNS, [sample(5.5), sample(5.5), sample(5.0)]),
        summarise("100 external A", corefile.COREDNS, [sample(11.0)] * 3),
    ]
    assert aims.report(remembered_cases(SMALL), rows).splitlines() == [
        "case            server / beside                    CPU ratio  in the rounds  at most     aim",
        "--------------  ---------------------------------  ---------  -------------  -------  ------",
        "cached A        kdns -conf / kdns                       1.20   1.00 to 1.20     1.15  missed",
        "cached A        kdns -conf / CoreDNS                    0.12   0.10 to 0.12     0.20     met",
        "cached A        kdns -conf, autopath / kdns -conf       1.10   1.00 to 1.32     1.15     met",
        "100 external A  kdns -conf / kdns, cached A             1.10   1.00 to 1.10     1.15     met",
        "100 external A  kdns -conf / CoreDNS                    0.50   0.45 to 0.50     0.33  missed",
    ]


def test_what_kdns_does_not_know_without_a_corefile_is_held_against_what_it_does() -> None:
    kdns = Server(servers.KDNS, ("127.0.0.1", 53), 1, frozenset({Realm.CLUSTER, Realm.REVERSE}))
    (case,) = (case for case in remembered_cases(SMALL) if case.name == "external A")
    assert servers.as_asked(kdns, case) == case
    assert case.realm in servers.stand_in(kdns).realms
    assert servers.as_asked(servers.stand_in(kdns), case).questions == [Question(plan.WEB.host)]


def test_every_remembered_case_has_its_aims() -> None:
    cases = remembered_cases(SMALL)
    found = {(aim.case, aim.server): aim.most for aim in aims.aims_for(cases)}
    assert {case for case, _ in found} == {case.name for case in cases}
    assert {found[case.name, corefile.KDNS] for case in cases} == {1.15}
    assert {found[case.name, corefile.COREDNS] for case in cases if case.realm is Realm.CLUSTER} == {1 / 5}


def test_servers_of_a_corefile_find_the_cluster_and_an_upstream(tmp_path: Path) -> None:
    with corefile.stage(corefile.DEFAULT, SMALL, 0, tmp_path) as stage:
        (cluster,) = json.loads(stage.around.kubeconfig.read_text())["clusters"]
        with urllib.request.urlopen(cluster["cluster"]["server"] + "/api/v1/services") as response:
            assert len(json.load(response)["items"]) == SMALL.services + len(plan.SPECIALS)
        (upstream,) = stage.around.upstreams
        outside = [case for case in remembered_cases(SMALL) if case.realm is Realm.OUTSIDE]
        assert outside
        for case in outside:
            assert faults(("127.0.0.1", upstream.port), case, edns=False) == []


def test_json_holds_every_round() -> None:
    rows = [summarise("A", "NSD", [sample(5.0), sample(7.0)])]
    held = json.loads(table.as_json({"cores": 2}, rows, "NSD"))
    assert [s["cpu_us"] for s in held["rows"][0]["samples"]] == [5.0, 7.0]
    assert held["rows"][0]["ratio"] == 1.0


def test_peer_is_read_from_the_command_line() -> None:
    assert peer("CoreDNS=127.0.0.1:5300:42") == Server("CoreDNS", ("127.0.0.1", 5300), 42)
    with pytest.raises(ValueError):
        peer("127.0.0.1:5300")


@pytest.mark.parametrize(("share", "expected"), [(0.5, 2.0), (0.99, 4.0), (1.0, 4.0), (0.0, 1.0)])
def test_percentile_is_a_value_that_was_seen(share: float, expected: float) -> None:
    assert percentile([1.0, 2.0, 3.0, 4.0], share) == expected


def test_probes_are_counted_by_outcome_within_their_phase() -> None:
    probes = [
        Probe(1.0, "refused"),
        Probe(2.0, "SERVFAIL", 0.002),
        Probe(3.0, "NOERROR", 0.004),
        Probe(4.0, "unanswered"),
        Probe(9.0, "NOERROR", 0.5),
    ]
    assert summarise_probes(probes, 0.0, 5.0) == (4, 1, 1, 1, 1, 2.0, 4.0, 4.0)


QUERY = build_query(Question("a.example"), 7)
OPT_512 = b"\0" + (41).to_bytes(2, "big") + (512).to_bytes(2, "big") + bytes(6)


@pytest.mark.parametrize(
    ("packet", "limit"),
    [
        (QUERY, 512),
        (build_query(Question("a.example"), 7, edns=True), 4096),
        (QUERY[:11] + b"\1" + QUERY[12:] + OPT_512, 512),
        (build_query(Question("a.example"), 7, edns=True)[:-1], 512),
        (QUERY[:7] + b"\1" + QUERY[8:] + OPT_512, 512),
        (QUERY[:4] + b"\xff" * 8 + QUERY[12:], 512),
        (b"", 0),
    ],
    ids=["no OPT", "OPT", "small OPT", "cut OPT", "OPT as an answer", "counts that lie", "empty"],
)
def test_udp_limit_is_what_the_query_advertises(packet: bytes, limit: int) -> None:
    assert udp_limit(packet) == limit


@pytest.mark.parametrize("mutation", MUTATIONS)
def test_every_mutation_takes_any_valid_query(mutation: Any) -> None:
    draw = Random(3)
    for _ in range(300):
        assert isinstance(mutation(draw, valid_query(draw)), bytes)


def test_mutated_packets_fit_a_datagram_and_follow_the_seed() -> None:
    packets = [mutated(draw) for draw in [Random(9)] for _ in range(3000)]
    assert max(map(len, packets)) <= MAX_UDP
    assert len(set(packets)) > 2500
    assert packets == [mutated(draw) for draw in [Random(9)] for _ in range(3000)]


@pytest.mark.parametrize("bomb", BOMBS)
def test_bombs_fit_a_frame(bomb: Any) -> None:
    assert 16_000 < len(bomb(Random(1))) <= 65_535


def echoed(message: bytes, padding: bytes) -> bytes:
    """Return what the stand-in answers: the message with QR set, and `padding` behind it."""
    return message[:2] + bytes([message[2] | QR >> 8]) + message[3:] + padding


class EchoDatagrams(asyncio.DatagramProtocol):
    """Answers over UDP whatever is a small query in form."""

    def __init__(self, padding: bytes) -> None:
        self._padding = padding

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def datagram_received(self, data: bytes, addr: Address) -> None:
        if 12 <= len(data) <= 512 and not data[2] & QR >> 8:
            self._transport.sendto(echoed(data, self._padding), addr)


async def echo_stream(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer the frames of one TCP connection until it ends or breaks."""
    with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
        while True:
            length = int.from_bytes(await reader.readexactly(2), "big")
            message = await reader.readexactly(length)
            if length >= 12:
                writer.write(length.to_bytes(2, "big") + echoed(message, b""))
    writer.close()


@contextlib.asynccontextmanager
async def stand_in(padding: bytes = b"") -> AsyncIterator[Address]:
    """A server that runs beside the test, which must leave the loop to it (`asyncio.to_thread`)."""
    tcp = await asyncio.start_server(echo_stream, "127.0.0.1", 0)
    address: Address = tcp.sockets[0].getsockname()
    loop = asyncio.get_running_loop()
    udp, _ = await loop.create_datagram_endpoint(lambda: EchoDatagrams(padding), local_addr=address)
    async with tcp:
        yield address
    udp.close()


async def test_mutation_run_finds_no_fault_in_a_server_that_keeps_the_rules() -> None:
    async with stand_in() as (host, port):
        summary = await asyncio.to_thread(mutate.run, host, port, udp=500, tcp=30, seed=2)
    assert summary.ok, summary.faults
    assert (summary.udp, summary.tcp) == (500, 30)
    assert summary.responses > 100
    assert "packets over UDP" in mutate.report(summary)


async def test_mutation_run_names_responses_that_are_too_long() -> None:
    async with stand_in(padding=bytes(505)) as (host, port):
        summary = await asyncio.to_thread(mutate.run, host, port, udp=200, tcp=0)
    assert not summary.ok
    assert "512 allowed" in summary.faults[0]


async def test_own_generator_asks_each_question_once() -> None:
    questions = [Question(f"{i}.example") for i in range(1000)]
    async with stand_in() as address:
        found = await asyncio.to_thread(generator.run, address, questions, Limits(10.0, once=True))
    assert (found.completed, found.lost) == (1000, 0)


def test_response_fields_and_addresses_are_read() -> None:
    answer = b"\xc0\x0c" + bytes.fromhex("00010001 0000001e 0004 0a600001")
    packet = QUERY[:2] + b"\x85\x00\0\1\0\1\0\0\0\0" + QUERY[12:] + answer
    assert read_response(packet) == (7, "NOERROR", 1, False, len(packet))
    assert a_records(packet) == ["10.96.0.1"]
    with pytest.raises(ValueError, match="QR"):
        read_response(QUERY)


def test_a_round_charges_the_cpu_time_of_the_process_to_its_answers() -> None:
    def burn() -> LoadResult:
        begin = time.process_time()
        while time.process_time() - begin < 0.1:
            pass
        return LoadResult(1000, 0, 0.5)

    cpu = min(os.sched_getaffinity(0))
    found = measure(os.getpid(), cpu, burn)
    assert found.qps == 2000
    assert 50 < found.cpu_us < 500


def test_ports_of_srv_records_are_read() -> None:
    rdata = bytes.fromhex("0000 0064 1f90") + b"\xc0\x0c"
    answer = b"\xc0\x0c" + bytes.fromhex("00210001 0000001e") + len(rdata).to_bytes(2, "big") + rdata
    packet = QUERY[:2] + b"\x85\x00\0\1\0\1\0\0\0\0" + QUERY[12:] + answer
    assert answer_data(packet, "SRV") == ["8080"]
    assert answer_data(packet, "A") == []


@pytest.mark.parametrize(
    ("expected", "fits"),
    [
        (Expected("NOERROR"), False),
        (Expected("NOERROR", frozenset()), True),
        (Expected("NOERROR", frozenset({"10.0.0.1"})), False),
        (Expected("NXDOMAIN", frozenset()), False),
    ],
)
def test_an_empty_answer_is_what_is_expected_only_if_that_is_said(expected: Expected, fits: bool) -> None:
    assert expected.fits(echoed(QUERY, b""), Question("a.example")) is fits


def test_a_cycle_of_changes_deletes_what_it_makes() -> None:
    writes = [change.write for change in cycle("here", 7, frozenset(KINDS))]
    made = {(w.path, w.body["metadata"]["name"]) for w in writes if w.method == "POST"}
    gone = {tuple(w.path.rsplit("/", 1)) for w in writes if w.method == "DELETE"}
    assert made == gone
    kinds = [change.kind for change in cycle("here", 7, frozenset(KINDS)) if change.kind]
    assert len(kinds) == len(set(kinds)) == 11


def test_every_change_asks_for_what_no_earlier_cycle_has() -> None:
    asked = [{c.watched.question for c in cycle("here", n, frozenset(KINDS)) if c.kind} for n in range(300)]
    assert sum(map(len, asked)) == len(set().union(*asked))


def test_delays_are_shown_by_change_and_judged_over_all() -> None:
    delays: events.Delays = {
        ("Service created", "kdns"): [1.0, 2.0, None],
        ("Service deleted", "kdns"): [30.0],
        ("Service created", "peer"): [0.5, 0.5],
    }
    lines = [line.split() for line in events.report(defaultdict(list, delays), ["kdns", "peer"]).splitlines()]
    assert ["Service", "created", "kdns", "3", "1.00", "2.00", "2.00", "2.00", "1"] in lines
    assert ["all", "changes", "peer", "2", "0.50", "0.50", "0.50", "0.50", "0"] in lines
    assert events.missed(delays, "peer") == []
    assert [miss.split(": ")[1][:8] for miss in events.missed(delays, "kdns")] == ["p99 30.0", "1 answer"]


def test_paths_of_objects_are_those_of_the_api() -> None:
    assert kubeapi.path_of("Pod", "shop") == "/api/v1/namespaces/shop/pods"
    assert kubeapi.path_of("Namespace", name="shop") == "/api/v1/namespaces/shop"
    slices = "/apis/discovery.k8s.io/v1/namespaces/shop/endpointslices/web-1"
    assert kubeapi.path_of("EndpointSlice", "shop", "web-1") == slices


def test_samples_of_a_metric_are_summed() -> None:
    page = '# TYPE a_total counter\na_total{x="1"} 2.0\na_total{x="2"} 3.0\na_total_more 9.0\nb 4.0\n'
    assert (sum_of(page, "a_total"), sum_of(page, "b"), sum_of(page, "c")) == (5.0, 4.0, 0.0)


def test_lists_that_ended_are_counted_in_the_log(tmp_path: Path) -> None:
    log = tmp_path / "kdns.log"
    log.write_text("INFO services: in step with the API server, 12 objects\nINFO listening\n")
    assert lists_ended(log) == 1
    assert Wanted(10_000, 10, 50_000, 200).last == "svc-009999.ns-0199.svc.cluster.local"


def test_columns_of_the_scale_table_may_lack_lines() -> None:
    first, second = Column(SETTINGS[0]), Column(SETTINGS[1])
    first.figures["ready after"] = "2.00 s"
    second.figures["events"] = "7"
    first.phases.append(("sync", summarise_probes([Probe(1.0, "NOERROR", 0.001)], 0.0, 2.0)))
    text = scale_report([first, second])
    assert [line.split()[-2:] for line in text.splitlines()[2:4]] == [["s", "–"], ["–", "7"]]
    assert "without Pods: sync" in text


def test_the_writing_of_a_snapshot_is_seen(tmp_path: Path) -> None:
    saves = Saves(tmp_path)
    with saves.watched():
        fresh = tmp_path / "cluster.1.new"
        fresh.touch()
        time.sleep(0.1)
        fresh.rename(tmp_path / "cluster.snapshot")
        time.sleep(0.1)
    ((begin, end),) = saves.spans
    assert 0.05 < end - begin < 0.5
    assert saves.first is not None and saves.first >= begin


async def test_a_waiter_sees_the_old_answer_before_it_waits_for_the_new_one() -> None:
    async with stand_in() as address:
        waiter = Waiter(address, min(os.sched_getaffinity(0)))
        try:
            watched = Watched(Question("a.example"), Expected("NXDOMAIN", frozenset()))
            assert await asyncio.to_thread(waiter.begin, watched)
        finally:
            await asyncio.to_thread(waiter.close)
