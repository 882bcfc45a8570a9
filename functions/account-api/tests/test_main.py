"""The composition of account-api: who may do what."""

from account_api.main import app
from battlescope_events.http_api.guard import INSTALLATION, OWN_ACCOUNT, Role


def test_every_route_has_its_right() -> None:
    described = {(method.upper(), path) for path, methods in app.openapi()["paths"].items() for method in methods}
    assert described - app.rights.keys() <= {("GET", "/auth/login"), ("GET", "/auth/callback")}
    for (method, path), right in app.rights.items():
        if path in {"/auth/login", "/auth/callback"}:
            assert right is None, path
            continue
        assert right is not None, path
        is_administration = path.startswith("/api/admin/")
        expected = (INSTALLATION, Role.ADMIN) if is_administration else (OWN_ACCOUNT, Role.USER)
        assert (right.feature, right.role, right.writes) == (*expected, method != "GET"), (method, path)
