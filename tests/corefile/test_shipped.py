"""Corefiles as the distributions ship them (tests/corefiles) say what their authors meant."""

from pathlib import Path
from typing import Any

import pytest

from kdns.corefile.overlaps import Claim, refuse_overlaps

from .builders import corefile, said, zones_of

COREFILES = Path(__file__).parents[1] / "corefiles"

HEAD = [["errors"], ["health", [["lameduck 5s"]]], ["ready"]]
TAIL = [["loop"], ["reload"], ["loadbalance"]]
REVERSE = "in-addr.arpa ip6.arpa"
DISABLED = ["cache 30", [["disable success cluster.local"], ["disable denial cluster.local"]]]
LIMITED = ["forward . /etc/resolv.conf", [["max_concurrent 1000"]]]


def kubernetes(*more: list[str]) -> list[Any]:
    return [
        f"kubernetes cluster.local {REVERSE}",
        [["pods insecure"], [f"fallthrough {REVERSE}"], *more],
    ]


def local(zone: str, *, cache: list[Any], forward: list[Any], more: tuple[list[str], ...] = ()) -> list[Any]:
    bind = ["bind 169.254.20.10 10.96.0.10"]
    return [
        f"dns://{zone}:53",
        ["errors"],
        cache,
        ["reload"],
        ["loop"],
        bind,
        forward,
        ["prometheus :9253"],
        *more,
    ]


OVER_TCP = ["forward . 10.96.0.11", [["force_tcp"]]]
ERROR_LOG = ["log .", [["class error"]]]
LONG = ["cache 900", [["denial 9984 30"]]]

EXPECTED: dict[str, list[Any]] = {
    "kubeadm": [
        ["dns://.:53", *HEAD, kubernetes(["ttl 30"]), ["prometheus :9153"], LIMITED, DISABLED, *TAIL],
    ],
    "eks": [
        [
            "dns://.:53",
            *HEAD,
            kubernetes(),
            ["prometheus :9153"],
            ["forward . /etc/resolv.conf"],
            ["cache 30"],
            *TAIL,
        ],
    ],
    "minikube": [
        [
            *["dns://.:53", ["log"], *HEAD, kubernetes(["ttl 30"]), ["prometheus :9153"]],
            ["hosts", [["192.168.49.1 host.minikube.internal"], ["fallthrough"]]],
            *[LIMITED, DISABLED, *TAIL],
        ],
    ],
    "k3s": [
        [
            *["dns://.:53", ["errors"], ["health"], ["ready"], kubernetes()],
            ["hosts /etc/coredns/NodeHosts", [["ttl 60"], ["reload 15s"], ["fallthrough"]]],
            *[["prometheus :9153"], ["cache 30"], *TAIL, ["log"], ["forward . /etc/resolv.conf"]],
        ],
        ["dns://corp.example.:53", ["errors"], ["forward . 10.0.0.53"]],
    ],
    "aks": [
        [
            *["dns://.:53", ["errors"], ["ready"], ["health", [["lameduck 5s"]]], kubernetes(["ttl 30"])],
            *[["prometheus :9153"], ["forward . /etc/resolv.conf"], ["cache 30"], *TAIL, ["log"]],
            [
                "template ANY ANY internal.cloudapp.net",
                [[r"match ^(?:[^.]+\.){4,}internal\.cloudapp\.net\.$"], ["rcode NXDOMAIN"], ["fallthrough"]],
            ],
            ["template ANY ANY reddog.microsoft.com", [["rcode NXDOMAIN"]]],
        ],
        ["dns://corp.example.:53", ["errors"], ["forward . 10.0.0.53"]],
    ],
    "openshift": [
        [
            *["dns://foo.com.:5353", ["prometheus 127.0.0.1:9153"]],
            ["forward . 1.1.1.1 2.2.2.2:5353", [["policy random"]]],
            *[["errors"], ERROR_LOG, ["bufsize 1232"], LONG],
        ],
        [
            *[
                "dns://.:5353",
                ["bufsize 1232"],
                ["errors"],
                ERROR_LOG,
                ["health", [["lameduck 20s"]]],
                ["ready"],
            ],
            *[kubernetes(), ["prometheus 127.0.0.1:9153"]],
            *[["forward . /etc/resolv.conf", [["policy sequential"]]], LONG, ["reload"]],
        ],
        ["dns://hostname.bind.:5353", ["chaos"]],
    ],
    "nodelocal": [
        local(
            "cluster.local.",
            cache=["cache", [["success 9984 30"], ["denial 9984 5"]]],
            forward=OVER_TCP,
            more=(["health 169.254.20.10:8080"],),
        ),
        local("in-addr.arpa.", cache=["cache 30"], forward=OVER_TCP),
        local("ip6.arpa.", cache=["cache 30"], forward=OVER_TCP),
        local(".", cache=["cache 30"], forward=["forward . /etc/resolv.conf"]),
    ],
    "digitalocean": [
        [
            *["dns://.:53", ["errors"], ["health"], ["ready"]],
            [
                f"kubernetes cluster.local {REVERSE}",
                [["pods insecure"], ["ttl 30"], [f"fallthrough {REVERSE}"]],
            ],
            *[["prometheus :9153"], ["forward . /etc/resolv.conf"], ["cache 30"], *TAIL, ["log"]],
        ],
        ["dns://corp.example.:53", ["errors"], ["forward . 10.0.0.53"]],
    ],
    "deployment": [
        [
            *["dns://.:53", *HEAD],
            ["kubernetes k8s.example 10.96.0.0/12 10.244.0.0/16", [[f"fallthrough {REVERSE}"]]],
            *[["prometheus :9153"], ["forward . 192.0.2.53", [["max_concurrent 1000"]]], ["cache 30"], *TAIL],
        ],
        ["dns://example.org.:53 dns://example.net.:53", ["errors"], ["cache 30"], ["forward . 10.0.0.53"]],
    ],
}

CUSTOM = {
    "/etc/coredns/custom/log.override": "log\n",
    "/etc/coredns/custom/corp.server": "corp.example:53 {\n    errors\n    forward . 10.0.0.53\n}\n",
}
ENVIRONMENT = {"CLUSTER_DOMAIN": "k8s.example", "UPSTREAM": "192.0.2.53"}


def shipped(distribution: str) -> str:
    return (COREFILES / distribution / "Corefile").read_text()


@pytest.mark.parametrize("distribution", sorted(EXPECTED))
def test_a_shipped_corefile_says_what_was_meant(distribution: str) -> None:
    read = corefile(shipped(distribution), CUSTOM, ENVIRONMENT)
    assert said(read) == EXPECTED[distribution]
    assert read.notices == ()
    refuse_overlaps(Claim(key) for block in read.blocks for key in block.keys)


@pytest.mark.parametrize("distribution", ["aks", "digitalocean", "k3s"])
def test_custom_files_need_not_be_there(distribution: str) -> None:
    read = corefile(shipped(distribution))
    assert zones_of(read) == ["."]
    assert [notice.text[:13] for notice in read.notices] == ["no file match"] * 2
