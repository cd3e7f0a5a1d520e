"""What an API call leaves out, and what stands on its answer all the same."""

from portal.web.headers import ALWAYS


def test_a_call_takes_no_cookie_and_its_answer_varies_by_none(make):
    org = make.org()
    browser = make.signed_in(org.alice)
    answer = browser.get("/v1/whoami", headers={"X-API-Key": make.key(org, "feed")})
    assert answer.status_code == 200
    assert "Set-Cookie" not in answer.headers
    assert "Cookie" not in answer.headers.get("Vary", "")


def test_a_sign_in_opens_no_guarded_call(make):
    assert make.signed_in(make.org().alice).get("/v1/whoami").status_code == 401


def test_what_always_stands_stands_on_calls_pages_errors_and_files_once(make, client):
    org = make.org()
    key = make.key(org, "feed")
    for path in ("/v1/whoami", "/sign-in", "/nothing-here", "/v1/nothing", "/static/css/office.css", "/healthz"):
        answer = client.get(path, headers={"X-API-Key": key})
        for name in (*ALWAYS, "Content-Security-Policy", "X-Request-ID"):
            assert len(answer.headers.getlist(name)) == 1, (path, name)


def test_a_versioned_file_is_kept_and_a_missing_one_is_not(client):
    assert "immutable" in client.get("/static/css/office.css?v=1").headers["Cache-Control"]
    assert client.get("/static/css/nothing.css?v=1").headers["Cache-Control"] == "no-store"


def test_the_rate_headers_stand_once_on_good_and_bad_answers_of_an_api(make, client):
    key = make.key(make.org(), "feed")
    for headers in ({"X-API-Key": key}, {}, {"X-API-Key": "vbk_nonsense"}):
        answer = client.get("/v1/whoami", headers=headers)
        for name in ("X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset"):
            assert len(answer.headers.getlist(name)) == 1
