"""kdns.sources.api.wished: a wish's words become a way to an API server, with its files."""

from pathlib import Path

import pytest

from kdns.cluster.wish import ApiServer
from kdns.sources.api.access import Access, AccessError
from kdns.sources.api.wished import from_endpoint, from_wish
from tests.apiserver.asking import SERVICES
from tests.apiserver.fake import FakeApiServer


@pytest.fixture
def files(tmp_path: Path) -> tuple[str, str, str]:
    """A certificate, its key, and a CA, as files that are there."""
    made = [tmp_path / name for name in ("cert.pem", "key.pem", "ca.pem")]
    for path in made:
        path.write_text("PEM")
    certificate, key, ca = map(str, made)
    return certificate, key, ca


@pytest.mark.parametrize(
    ("endpoint", "has_files", "host"),
    [
        ("http://10.0.0.1:8080", False, "http://10.0.0.1:8080"),
        ("https://10.0.0.1:6443/base", True, "https://10.0.0.1:6443/base"),
        ("10.0.0.1:8080", False, "http://10.0.0.1:8080"),
        ("kube:6443", True, "https://kube:6443"),
    ],
)
async def test_an_endpoint_without_a_scheme_gets_the_one_that_its_files_tell(
    endpoint: str, has_files: bool, host: str, files: tuple[str, str, str]
) -> None:
    given = files if has_files else ("", "", "")
    configuration = await from_endpoint(endpoint, *given)()
    assert configuration.host == host
    told = (configuration.cert_file, configuration.key_file, configuration.ssl_ca_cert)
    assert told == (files if has_files else (None, None, None))


@pytest.mark.parametrize("number", [0, 1, 2])
async def test_a_file_that_is_missing_is_an_access_error(number: int, files: tuple[str, str, str]) -> None:
    given = [*files]
    given[number] += ".missing"
    with pytest.raises(AccessError, match=given[number]):
        await from_endpoint("https://10.0.0.1", *given)()


async def test_an_endpoint_that_is_none_is_an_access_error() -> None:
    with pytest.raises(AccessError, match="ftp"):
        await from_endpoint("ftp://10.0.0.1")()


async def test_files_that_are_no_pem_are_an_access_error(files: tuple[str, str, str]) -> None:
    asked = Access(from_endpoint("https://127.0.0.1:1", *files))
    with pytest.raises(AccessError, match="TLS"):
        async with asked.get(SERVICES, {}, 1.0):
            pass
    await asked.close()


async def test_a_kubeconfig_comes_first_and_its_context_is_asked_for(
    server: FakeApiServer, tmp_path: Path
) -> None:
    path = str(server.write_kubeconfig(tmp_path / "kubeconfig"))
    wish = ApiServer(endpoint="http://10.0.0.1:1", kubeconfig=path)
    assert (await from_wish(wish)()).host == server.url
    assert (await from_wish(wish._replace(context="fake"))()).host == server.url
    with pytest.raises(AccessError, match="other"):
        await from_wish(wish._replace(context="other"))()


async def test_then_an_endpoint_and_else_the_cluster_around(monkeypatch: pytest.MonkeyPatch) -> None:
    assert (await from_wish(ApiServer("http://10.0.0.1:1"))()).host == "http://10.0.0.1:1"
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    with pytest.raises(AccessError, match="not inside a cluster"):
        await from_wish(ApiServer())()
