"""A browser's session in place of a key: what it may do, and what another site cannot do with it."""

from __future__ import annotations

import pytest
from literal_people import person, write_people

from serving.accounts.roles import SCOPES, Role
from serving.auth import TRUSTED_SECONDS
from serving.records.audit import list_audit

BODY = {"member": {"member_id": "m1"}}
OWN = {"Sec-Fetch-Site": "same-origin"}


@pytest.fixture
def sign_in(api, now):
    """Makes the headers of a page of the role's session."""

    def sign_in(role, *, with_token=True):
        if role not in {user.user_id for user in api.state.accounts.users(who="command").all(at=now)}:
            api.state.accounts.users(who="command").add(
                role,
                role=Role(role),
                store_id="s1" if role == "associate" else None,
                password="river-lantern-42",
                at=now,
            )
        sessions = api.state.accounts.sessions
        with api.state.records.writing() as transaction:
            token = sessions.open(transaction, user_id=role)
        headers = {"Cookie": f"faces_session={token}"}
        return {**headers, "X-CSRF-Token": sessions.check(token).csrf_token} if with_token else headers

    return sign_in


def status(api, method, path, headers, **body):
    return api.send(method, path, key=None, headers=headers, **body).status_code


def test_a_session_may_what_its_role_may(api, sign_in):
    routes = {
        "/v1/scenarios": "recommend",
        "/v1/stores": "members",
        "/v1/audiences": "audiences",
        "/v1/destinations": "export",
    }
    for role in Role:
        held = {scope.value for scope in SCOPES[role]}
        held |= {"recommend", "members"} if role is Role.ASSOCIATE else set()
        headers = sign_in(role.value)
        for path, scope in routes.items():
            may = scope in held or role is Role.ADMIN
            assert status(api, "GET", path, headers) == (200 if may else 403), (role, path)


def test_an_associate_is_bound_to_the_store_as_a_key_is(api, sign_in):
    answer = api.send("GET", "/v1/stores/s2/worklist", key=None, headers=sign_in("associate"))
    assert (answer.status_code, answer.json()["error"]) == (403, "forbidden")


def test_what_changes_something_needs_the_sessions_token(api, sign_in):
    headers = sign_in("marketer")
    assert status(api, "POST", "/v1/recommendations", headers, json=BODY) == 200
    for wrong in (None, "", "x", "é".encode()):
        sent = {name: value for name, value in headers.items() if name != "X-CSRF-Token"}
        if wrong is not None:
            sent["X-CSRF-Token"] = wrong
        for method, path in (("POST", "/v1/recommendations"), ("POST", "/v1/audiences"), ("DELETE", "/v1/lists/l")):
            assert status(api, method, path, sent, json=BODY) == 403, (wrong, path)


def test_the_token_of_another_session_is_of_no_use(api, sign_in):
    mine, other = sign_in("marketer"), sign_in("analyst")
    assert status(api, "POST", "/v1/recommendations", {**mine, "X-CSRF-Token": other["X-CSRF-Token"]}, json=BODY) == 403


SENT_BY = [
    ({}, True),
    ({"Sec-Fetch-Site": "same-origin"}, True),
    ({"Sec-Fetch-Site": "none"}, True),
    ({"Sec-Fetch-Site": "same-site"}, False),
    ({"Sec-Fetch-Site": "cross-site"}, False),
    ({"Origin": "http://faces"}, True),
    ({"Origin": "http://faces:80"}, True),
    ({"Origin": "http://FACES"}, True),
    ({"Origin": "http://faces:8080"}, False),
    ({"Origin": "http://faces.evil.example"}, False),
    ({"Origin": "null"}, False),
    # behind a proxy that puts another Host into the request, the browser's own word counts
    ({"Origin": "https://console.example", "Sec-Fetch-Site": "same-origin"}, True),
    ({"Origin": "http://faces", "Sec-Fetch-Site": "cross-site"}, False),
]


def test_another_sites_request_is_refused_even_with_the_token(api, sign_in):
    headers = sign_in("marketer")
    for told, is_ours in SENT_BY:
        sent = {**headers, **told}
        assert status(api, "POST", "/v1/recommendations", sent, json=BODY) == (200 if is_ours else 403), told


def test_another_sites_link_exports_nothing(api, sign_in):
    headers = sign_in("marketer", with_token=False)
    path = "/v1/audiences/a/members"
    assert status(api, "GET", path, {**headers, "Sec-Fetch-Site": "cross-site"}) == 403
    assert status(api, "GET", path, {**headers, **OWN}) == 404


def test_the_quick_route_lets_no_cookie_past_the_token(api, sign_in):
    headers = {**sign_in("marketer", with_token=False), "Content-Type": "application/json"}
    for told in ({}, {"Authorization": ""}, {"Authorization": "Basic x"}):
        answer = api.send("POST", "/v1/recommendations", key=None, headers={**headers, **told}, json=BODY)
        assert answer.status_code == 403


def test_a_key_comes_before_a_cookie(api, sign_in):
    headers = {**sign_in("associate", with_token=False), "Authorization": f"Bearer {api.keys['audiences']}"}
    assert status(api, "GET", "/v1/audiences", headers) == 200
    assert status(api, "GET", "/v1/audiences", {**headers, "Authorization": "Bearer tf_a_b"}) == 401


def test_a_session_that_has_ended_is_one_json_error(api, sign_in, now):
    headers = sign_in("marketer")
    assert status(api, "GET", "/v1/scenarios", headers) == 200
    api.state.accounts.users(who="command").disable("marketer", at=now)
    api.state.accounts.sessions.forget_trusted()
    answer = api.send("GET", "/v1/scenarios", key=None, headers=headers)
    assert (answer.status_code, answer.json()["error"]) == (401, "unauthorized")
    assert "sign in again" in answer.json()["detail"]


def test_a_page_of_a_trusted_session_reads_no_records_for_it(api, sign_in, monkeypatch):
    headers = sign_in("marketer")
    assert status(api, "GET", "/v1/scenarios", headers) == 200
    monkeypatch.setattr(type(api.state.accounts.sessions), "check", lambda *_: pytest.fail("was read again"))
    assert status(api, "GET", "/v1/scenarios", headers) == 200
    assert TRUSTED_SECONDS <= 5


def test_what_a_user_does_is_audited_under_the_users_name(api, sign_in):
    headers = sign_in("marketer")
    write_people(api.state.settings, [person("m1")], products=["p1"])
    body = {"name": "mine", "kind": "member_id", "ids": ["m1"]}
    uploaded = api.send("POST", "/v1/lists", key=None, headers=headers, json=body)
    assert uploaded.status_code == 201
    assert status(api, "DELETE", uploaded.headers["location"], headers) in (200, 204)
    with api.state.records.reading() as transaction:
        acts = {(each.what, each.who) for each in list_audit(transaction, limit=99)}
    assert ("list_deleted", "user:marketer") in acts


def test_the_documentation_tells_of_the_session(api):
    assert "session cookie" in api.send("GET", "/openapi.json", key=None).json()["info"]["description"]
