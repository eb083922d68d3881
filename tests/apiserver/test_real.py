"""tests.apiserver.real: the server's life, and the folder that it keeps."""

from pathlib import Path

from tests.apiserver.asking import NAMESPACES, PODS
from tests.apiserver.builders import namespace
from tests.apiserver.real import RealServer, patient, real_apiserver

pytestmark = patient


def test_rights_count_at_once(real_server: RealServer) -> None:
    token, before = real_server.token("reader"), real_server.rights.read_text()
    assert real_server.request("GET", PODS, token=token)[0] == 200
    real_server.rights.write_text("services\n")
    try:
        assert real_server.request("GET", PODS, token=token)[0] == 403
    finally:
        real_server.rights.write_text(before)


def test_objects_and_port_outlive_a_stop(tmp_path: Path) -> None:
    with real_apiserver(tmp_path) as server:
        port = server.port
        server.put(namespace("lasting"))
        server.pause()
        server.stop()
        server.start()
        assert server.port == port
        assert server.request("GET", f"{NAMESPACES}/lasting")[0] == 200


def test_files_are_where_they_should_be(real_server: RealServer) -> None:
    files = (
        real_server.kubeconfig,
        real_server.kubeconfig_reader,
        real_server.kubeconfig_nobody,
        real_server.service_account / "token",
        real_server.ca,
    )
    assert all(each.is_file() for each in files)
