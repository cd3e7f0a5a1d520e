"""Custom domains against a real DNS server on this machine: claims, proofs, rests, and who gets a certificate."""

from dataclasses import replace
from datetime import timedelta

import pytest

from portal.audit.service import SYSTEM
from portal.branding import dns, domains, jobs
from portal.branding.dns import Question, find_out
from portal.branding.domain_model import CustomDomain, domain_of, verified_domain
from portal.config import SettingError, Settings
from portal.kernel.clock import utc_now
from portal.kernel.db import unit_of_work
from portal.kernel.errors import Conflict
from portal.orgs.model import Organization
from tests.branding.nameserver import NameServer
from tests.make import post, unique

OURS = "play.tiltyard.example"
QUESTION = Question("play.acme.gg", "_tiltyard.play.acme.gg", "tiltyard-verification=abc", OURS)


@pytest.fixture
def nameserver():
    with NameServer() as server:
        yield server


@pytest.fixture
def asked(app, nameserver, monkeypatch):
    """The application asks the test's name server."""
    settings = replace(app.config["SETTINGS"], dns_servers=(nameserver.address,), base_url=f"https://{OURS}")
    monkeypatch.setitem(app.config, "SETTINGS", settings)
    return nameserver


def name():
    return f"{unique('play')}.acme.gg"


def claimed(org, host):
    """(id, value of the TXT record) of a new claim."""
    with unit_of_work() as session:
        made = domains.set_domain(session, session.get_one(Organization, org.id), SYSTEM, host, own_host=OURS)
        return made.id, domains.proof_of(made)


def prove(server, host, proof, leads=True):
    server.records[f"_tiltyard.{host}", "TXT"] = [f'"{proof}"']
    if leads:
        server.records[host, "CNAME"] = [f"{OURS}."]


def state_of(number):
    with unit_of_work() as session:
        found = session.get_one(CustomDomain, number)
        return found.verified_at is not None, found.problem


class TestAsking:
    def test_both_records_are_found(self, nameserver):
        prove(nameserver, "play.acme.gg", "tiltyard-verification=abc")
        finding = find_out(QUESTION, [nameserver.address])
        assert (finding.proven, finding.leads_here, finding.problem) == (True, True, "")

    def test_a_cname_alone_proves_nothing(self, nameserver):
        nameserver.records["play.acme.gg", "CNAME"] = [f"{OURS}."]
        finding = find_out(QUESTION, [nameserver.address])
        assert (finding.proven, finding.leads_here, finding.unsure) == (False, True, False)
        assert "There is no TXT record at _tiltyard.play.acme.gg" in finding.problem

    def test_another_text_is_told_apart_from_none(self, nameserver):
        prove(nameserver, "play.acme.gg", "tiltyard-verification=somebody-else")
        assert "says something else" in find_out(QUESTION, [nameserver.address]).problem

    def test_several_texts_and_a_text_in_pieces(self, nameserver):
        nameserver.records["_tiltyard.play.acme.gg", "TXT"] = ['"v=spf1 -all"', '"tiltyard-" "verification=abc"']
        finding = find_out(QUESTION, [nameserver.address])
        assert finding.proven and "does not lead to" in finding.problem

    def test_the_same_address_does_where_no_cname_can_stand(self, nameserver):
        prove(nameserver, "play.acme.gg", "tiltyard-verification=abc", leads=False)
        nameserver.records[OURS, "A"] = ["192.0.2.1", "192.0.2.2"]
        nameserver.records["play.acme.gg", "A"] = ["192.0.2.2"]
        assert find_out(QUESTION, [nameserver.address]).leads_here

    def test_a_server_that_is_an_address_is_led_to_by_an_a_record(self, nameserver):
        prove(nameserver, "play.acme.gg", "tiltyard-verification=abc", leads=False)
        question = replace(QUESTION, target="192.0.2.9")
        assert not find_out(question, [nameserver.address]).leads_here
        nameserver.records["play.acme.gg", "A"] = ["192.0.2.9"]
        assert find_out(question, [nameserver.address]).leads_here
        claim = CustomDomain(host="play.acme.gg", token="abc")
        assert domains.records_of(claim, "192.0.2.9")[1] == ("A", "play.acme.gg", "192.0.2.9")
        assert domains.records_of(claim, OURS)[1] == ("CNAME", "play.acme.gg", OURS)

    @pytest.mark.parametrize("fault", ["silent", "broken"])
    def test_a_dns_that_fails_says_nothing_about_the_domain(self, nameserver, monkeypatch, fault):
        monkeypatch.setattr(dns, "SECONDS", 0.4)
        setattr(nameserver, fault, True)
        finding = find_out(QUESTION, [nameserver.address])
        assert finding.unsure and not finding.proven and "did not answer" in finding.problem


class TestLife:
    def test_a_domain_is_good_when_its_record_proves_it(self, make, asked):
        org, host = make.org(), name()
        number, proof = claimed(org, host)
        jobs.recheck(number)
        assert state_of(number)[0] is False
        prove(asked, host, proof)
        jobs.recheck(number)
        assert state_of(number) == (True, "")

    def test_the_record_of_one_organization_proves_nothing_for_another(self, make, asked):
        host = name()
        mine, proof = claimed(make.org(), host)
        theirs, _ = claimed(make.org(), host)
        prove(asked, host, proof)
        for number in (theirs, mine):
            jobs.recheck(number)
        assert state_of(mine)[0] and not state_of(theirs)[0]

    def test_who_proves_second_is_refused_until_the_first_releases_it_and_a_week_is_over(self, make, asked):
        first, second, host = make.org(), make.org(), name()
        one, proof = claimed(first, host)
        two, later_proof = claimed(second, host)
        prove(asked, host, proof)
        jobs.recheck(one)
        prove(asked, host, later_proof)
        jobs.recheck(two)
        assert state_of(two) == (False, f"{host} belongs to another organization here. Ask them to release it.")
        with unit_of_work() as session:
            domains.set_domain(session, session.get_one(Organization, first.id), SYSTEM, None, own_host=OURS)
        jobs.recheck(two)
        assert not state_of(two)[0] and "rests until" in state_of(two)[1]
        with pytest.raises(Conflict, match="rests until"):
            claimed(make.org(), host)
        with unit_of_work() as session:
            session.get_one(CustomDomain, one).released_at = utc_now() - timedelta(days=7, seconds=1)
        jobs.recheck(two)
        assert state_of(two)[0]

    def test_a_record_that_goes_is_missed_for_three_days_and_an_outage_of_the_dns_does_no_harm(self, make, asked, monkeypatch):
        monkeypatch.setattr(dns, "SECONDS", 0.4)
        host = name()
        number, proof = claimed(make.org(), host)
        prove(asked, host, proof)
        jobs.recheck(number)
        asked.broken = True
        jobs.recheck(number)
        with unit_of_work() as session:
            assert session.get_one(CustomDomain, number).failing_since is None
        asked.broken = False
        asked.records.clear()
        jobs.recheck(number)
        assert state_of(number)[0] is True
        with unit_of_work() as session:
            session.get_one(CustomDomain, number).failing_since = utc_now() - timedelta(days=3, seconds=1)
        jobs.recheck(number)
        assert state_of(number)[0] is False
        with unit_of_work() as session:
            assert verified_domain(session, host) is None

    def test_the_daily_job_asks_about_what_was_not_asked_for_a_day(self, make, asked):
        org, host = make.org(), name()
        number, proof = claimed(org, host)
        prove(asked, host, proof)
        for _ in range(20):  # other tests' claims are due as well
            jobs.check_domains()
            if state_of(number)[0]:
                break
        assert state_of(number)[0]
        asked.records.clear()
        jobs.check_domains()
        assert state_of(number) == (True, ""), "asked again only after a day"

    def test_a_domain_that_cannot_be_asked_about_holds_up_no_other(self, make, asked, monkeypatch):
        org, other = make.org(), make.org()
        (broken, _), host = claimed(org, name()), name()
        number, proof = claimed(other, host)
        prove(asked, host, proof)

        def ask(question, servers):
            if question.host != host:
                raise UnicodeError("label too long")
            return find_out(question, servers)

        monkeypatch.setattr(jobs, "find_out", ask)
        monkeypatch.setattr(jobs, "AT_ONCE", 10_000)
        jobs.check_domains()
        assert state_of(number)[0] and not state_of(broken)[0]

    def test_one_domain_for_each_organization(self, make, asked):
        org, first, second = make.org(), name(), name()
        claimed(org, first)
        claimed(org, second)
        with unit_of_work() as session:
            assert domain_of(session, session.get_one(Organization, org.id)).host == second


class TestPages:
    def test_the_wizard_from_the_claim_to_the_release(self, client, make, asked):
        org, host = make.org(), name()
        alice, home = make.signed_in(org.alice), f"/o/{org.slug}/domain"
        assert post(alice, home, {"host": f" {host.upper()} "}).status_code == 303
        page = alice.get(home).text
        with unit_of_work() as session:
            proof = domains.proof_of(domain_of(session, session.get_one(Organization, org.id)))
        for words in (f"_tiltyard.{host}", proof, OURS, "Waiting for the DNS"):
            assert words in page
        assert post(alice, f"{home}/check").status_code == 303
        assert "There is no TXT record" in alice.get(home).text
        assert client.get(f"/domains/ask?domain={host}").status_code == 404
        prove(asked, host, proof)
        post(alice, f"{home}/check")
        assert "Both records are right." in alice.get(home).text
        assert client.get(f"/domains/ask?domain={host}").status_code == 200
        assert post(alice, f"{home}/release", {"confirm": "no"}).status_code == 422
        assert post(alice, f"{home}/release", {"confirm": host}).status_code == 303
        assert client.get(f"/domains/ask?domain={host}").status_code == 404

    @pytest.mark.parametrize(
        "host", ["https://a.gg", "a.gg:80", "a.gg/x", "localhost", "1.2.3.4", "a b.gg", f"x.{OURS}", OURS, "*.a.gg"]
    )
    def test_what_is_no_name_is_refused_in_words(self, make, asked, host):
        org = make.org()
        answer = post(make.signed_in(org.alice), f"/o/{org.slug}/domain", {"host": host})
        assert answer.status_code == 422 and ("host must be" in answer.text or "own name" in answer.text)

    def test_certificates_are_for_proven_names_letter_by_letter(self, client, make, asked):
        host = name()
        number, proof = claimed(make.org(), host)
        prove(asked, host, proof)
        jobs.recheck(number)
        assert client.get(f"/domains/ask?domain={host}").status_code == 200
        assert client.get(f"/domains/ask?domain={OURS}").status_code == 200
        for other in ("", host.upper(), f"www.{host}", f"{host}.", f"{host}%00", f"x{host}", f"{host}:443", "%C3%A9.gg"):
            assert client.get(f"/domains/ask?domain={other}").status_code == 404, other
        assert client.get("/domains/ask").status_code == 404


@pytest.mark.parametrize(
    ("text", "servers"),
    [("", ()), ("10.0.0.2", (("10.0.0.2", 53),)), ("10.0.0.2:5353, [::1]:53", (("10.0.0.2", 5353), ("::1", 53)))],
)
def test_the_name_servers_are_a_setting(tmp_path, text, servers):
    environ = {"TILTYARD_DATA": str(tmp_path), "TILTYARD_DNS_SERVERS": text}
    assert Settings.from_env(environ).dns_servers == servers


@pytest.mark.parametrize("text", ["dns.example.com", "10.0.0.2:99999", "10.0.0"])
def test_a_strange_name_server_stops_the_start(tmp_path, text):
    with pytest.raises(SettingError, match="TILTYARD_DNS_SERVERS"):
        Settings.from_env({"TILTYARD_DATA": str(tmp_path), "TILTYARD_DNS_SERVERS": text})
