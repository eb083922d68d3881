import ssl
from pathlib import Path

import pytest

from kdns.upstreams.tls import client_context, show_certificate
from tests.upstreams.certificates import make_certificate


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_certificate(tmp_path_factory.mktemp("tls"))


def test_servers_and_their_names_are_checked() -> None:
    context = client_context()
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)
    assert context.minimum_version >= ssl.TLSVersion.TLSv1_2
    assert not context.verify_flags & ssl.VERIFY_X509_STRICT


def test_a_file_replaces_the_certificates_of_the_system(folder: Path) -> None:
    (only,) = client_context(str(folder / "cert.pem")).get_ca_certs()
    assert (("commonName", "dns.example"),) in only["subject"]


@pytest.mark.parametrize("name", ["nosuch.pem", "key.pem"])
def test_a_file_without_certificates_is_an_error(folder: Path, name: str) -> None:
    with pytest.raises(OSError):
        client_context(str(folder / name))


@pytest.mark.parametrize(
    ("cert", "key"), [("cert.pem", "nosuch.pem"), ("key.pem", "cert.pem"), ("cert.pem", "locked.pem")]
)
def test_what_is_no_certificate_with_its_key_is_an_error(folder: Path, cert: str, key: str) -> None:
    show_certificate(client_context(), str(folder / "cert.pem"), str(folder / "key.pem"))
    with pytest.raises(OSError):
        show_certificate(client_context(), str(folder / cert), str(folder / key))
