"""kdns.sources.filling: what people leave out, from all files together."""

from pathlib import Path

import pytest

from kdns.cluster.objects import EndpointSlice, Namespace, ObjectKey, Service
from kdns.sources.manifests import Reading
from tests.sources.builders import endpoint_slice, endpoints, names, pod, read, reasons, service, write

WEB = ObjectKey("Service", "shop", "web")


def addresses(reading: Reading, key: ObjectKey = WEB) -> tuple[str, ...]:
    held = reading.objects[key]
    assert isinstance(held, Service)
    return held.cluster_ips


def test_no_namespace_means_default(tmp_path: Path) -> None:
    trees = [
        service(namespace=None),
        endpoint_slice(namespace=None),
        endpoints("db", None),
        pod(namespace=None),
    ]
    assert names(read(write(tmp_path / "a.yaml", *trees)).objects) == {
        "Service default/web",
        "EndpointSlice default/web-1",
        "EndpointSlice default/db/0",
        "Pod default/web-0",
    }


def test_a_namespace_exists_if_an_object_is_in_it_and_keeps_its_labels(tmp_path: Path) -> None:
    given = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop", "labels": {"a": "b"}}}
    files = write(tmp_path / "a.yaml", service()), write(tmp_path / "b.yaml", given, pod(namespace="lab"))
    objects = read(*files, keep_pods=False).objects
    assert {key.name: value for key, value in objects.items() if key.resource == "Namespace"} == {
        "shop": Namespace("shop", (("a", "b"),)),
        "lab": Namespace("lab"),
    }


def test_a_service_without_address_gets_one_and_a_notice_says_so(tmp_path: Path) -> None:
    reading = read(write(tmp_path / "a.yaml", service()))
    [address] = addresses(reading)
    assert address.startswith("10.96.")
    assert reading.notices == [f"Service shop/web has no clusterIP: given {address}"]


def test_given_addresses_do_not_depend_on_the_order_of_files(tmp_path: Path) -> None:
    one = write(tmp_path / "a.yaml", service("a"), service("b"))
    two = write(tmp_path / "b.yaml", service("c"), service("taken", clusterIP="10.0.0.5"))
    cidr = "10.0.0.0/29"
    assert read(one, two, service_cidr=cidr).objects == read(two, one, service_cidr=cidr).objects


@pytest.mark.parametrize(
    "holder",
    [
        service("other", clusterIP="@"),
        service("other", type="ExternalName", externalName="a.example", externalIPs=["@"]),
        endpoint_slice("other", endpoints=[{"addresses": ["@"]}]),
        endpoints("other", "shop", "@"),
        pod(ip="@"),
    ],
    ids=lambda tree: str(tree["kind"]),
)
def test_an_address_that_any_object_has_is_not_given(tmp_path: Path, holder: dict[str, object]) -> None:
    path = write(tmp_path / "a.yaml", service())
    [home] = addresses(read(path))
    write(tmp_path / "b.yaml", holder)
    text = (tmp_path / "b.yaml").read_text().replace("@", home)
    (tmp_path / "b.yaml").write_text(text)
    assert addresses(read(path, tmp_path / "b.yaml")) not in [(home,), ()]


@pytest.mark.parametrize(
    ("spec", "cidr", "prefixes", "notice"),
    [
        ({}, "fd00:10:96::/112", ["fd00:10:96::"], ""),
        ({"ipFamilies": ["IPv6"]}, "10.96.0.0/16,fd00::/112", ["fd00::"], ""),
        ({"ipFamilyPolicy": "PreferDualStack"}, "10.96.0.0/16,fd00::/112", ["10.96.", "fd00::"], ""),
        (
            {"ipFamilies": ["IPv6", "IPv4"], "ipFamilyPolicy": "RequireDualStack"},
            "10.96.0.0/16,fd00::/112",
            ["fd00::", "10.96."],
            "",
        ),
        (
            {"ipFamilies": ["IPv6"]},
            "10.96.0.0/16",
            ["10.96."],
            "asks for IPv6, which the service CIDR has not",
        ),
        ({"ipFamilyPolicy": "PreferDualStack"}, "10.96.0.0/16", ["10.96."], ""),
        ({"ipFamilyPolicy": "RequireDualStack"}, "10.96.0.0/16", ["10.96."], "asks for IPv6"),
    ],
)
def test_families_are_those_the_service_asks_for(
    tmp_path: Path, spec: dict[str, object], cidr: str, prefixes: list[str], notice: str
) -> None:
    reading = read(write(tmp_path / "a.yaml", service(**spec)), service_cidr=cidr)
    given = addresses(reading)
    assert len(given) == len(prefixes)
    assert all(address.startswith(prefix) for address, prefix in zip(given, prefixes, strict=True))
    assert any(notice in line for line in reading.notices)
    assert len(reading.notices) == (2 if notice else 1)


def test_a_full_service_cidr_is_a_problem_and_the_service_stays_without(tmp_path: Path) -> None:
    path = write(tmp_path / "a.yaml", service("a"), service("web"))
    reading = read(path, service_cidr="10.0.0.0/30")
    assert addresses(reading, ObjectKey("Service", "shop", "a")) == ("10.0.0.2",)
    assert addresses(reading) == ()
    assert reasons(reading) == ["Service shop/web: no address is left in the service CIDR"]


@pytest.mark.parametrize(
    "spec", [{"clusterIP": "None"}, {"type": "ExternalName", "externalName": "a.example"}]
)
def test_services_that_need_no_address_get_none(tmp_path: Path, spec: dict[str, object]) -> None:
    trees = service(**spec), endpoint_slice(endpoints=[{"addresses": ["10.0.0.1"]}])
    reading = read(write(tmp_path / "a.yaml", *trees))
    assert addresses(reading) == ()
    assert reading.notices == []


def test_the_later_of_two_files_counts_and_both_are_named(tmp_path: Path) -> None:
    first = write(tmp_path / "a.yaml", pod(), service(clusterIP="10.96.0.1"))
    second = write(tmp_path / "b.yaml", service(clusterIP="10.96.0.2"))
    reading = read(first, second)
    assert addresses(reading) == ("10.96.0.2",)
    assert reading.notices == [
        f"Service shop/web is given twice, in {first}, document 2 and in {second}, document 1:"
        " the later counts"
    ]


def test_endpoints_count_only_for_a_service_without_slice(tmp_path: Path) -> None:
    trees = [endpoints("web", "shop", "10.0.0.1"), endpoints("db", "shop", "10.0.0.2")]
    path = write(tmp_path / "a.yaml", *trees, endpoints("web", "lab", "10.0.0.3"), endpoint_slice())
    assert names(read(path).objects) == {
        "EndpointSlice shop/web-1",
        "EndpointSlice shop/db/0",
        "EndpointSlice lab/web/0",
    }


def test_later_endpoints_replace_all_subsets_of_earlier_ones(tmp_path: Path) -> None:
    earlier = endpoints("db", "shop", "10.0.0.1")
    earlier["subsets"] *= 2
    later = endpoints("db", "shop", "10.0.0.2")
    reading = read(write(tmp_path / "a.yaml", earlier), write(tmp_path / "b.yaml", later))
    [held] = [value for value in reading.objects.values() if isinstance(value, EndpointSlice)]
    assert (held.name, held.endpoints[0].address) == ("db/0", "10.0.0.2")


def test_a_headless_service_without_slices_is_named(tmp_path: Path) -> None:
    path = write(tmp_path / "a.yaml", service("db", clusterIP="None", selector={"app": "db"}))
    assert read(path).notices == [
        "Service shop/db is headless and no EndpointSlice or Endpoints is given for it: it answers NXDOMAIN"
        " until then"
    ]


def test_endpoints_are_never_computed_from_selectors(tmp_path: Path) -> None:
    path = write(tmp_path / "a.yaml", service(selector={"app": "web"}), pod())
    assert names(read(path).objects) == {"Service shop/web", "Pod shop/web-0"}
