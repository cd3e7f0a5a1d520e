"""Asking the DNS about a custom domain: does its TXT record prove the claim, and does its name lead here?"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

# The library is imported by the first question: 2 MB that most processes never need.
if TYPE_CHECKING:
    import dns.resolver

SECONDS = 4.0  # for a question with all its repetitions
Servers = Sequence[tuple[str, int]]


@dataclass(frozen=True)
class Finding:
    """`proven`: the TXT record is there. `unsure`: the DNS did not answer, so nothing can be said. `leads_here`: the CNAME,
    or an address that is one of ours, is there. `problem` is one sentence for people, "" where all is well."""

    proven: bool
    leads_here: bool
    unsure: bool = False
    problem: str = ""


@dataclass(frozen=True)
class Question:
    """What is asked for: the host, the name of its TXT record with the value it must hold, and where the host must lead."""

    host: str
    txt_name: str
    proof: str
    target: str


def find_out(question: Question, servers: Servers = ()) -> Finding:
    """Ask now; takes at most a few seconds. Never raises for what the DNS says."""
    import dns.exception
    import dns.resolver

    resolver = _resolver(servers)
    try:
        texts = _answers(resolver, question.txt_name, "TXT")
        leads = _leads_here(resolver, question)
    except (dns.exception.Timeout, dns.resolver.NoNameservers, OSError):
        return Finding(False, False, True, "The DNS did not answer. Try again in a moment.")
    if question.proof not in texts:
        return Finding(False, leads, problem=_without(question, texts))
    if not leads:
        why = f"The TXT record is right. {question.host} does not lead to {question.target} yet: make the second record too."
        return Finding(True, False, problem=why)
    return Finding(True, True)


def _leads_here(resolver: "dns.resolver.Resolver", question: Question) -> bool:
    """By its CNAME; or, where a name cannot have one (the top of a zone), by the same addresses."""
    if question.target in [name.rstrip(".").lower() for name in _answers(resolver, question.host, "CNAME")]:
        return True
    for kind in ("A", "AAAA"):
        ours = {question.target, *_answers(resolver, question.target, kind)}
        if ours & set(_answers(resolver, question.host, kind)):
            return True
    return False


def _without(question: Question, texts: Sequence[str]) -> str:
    if not texts:
        return f"There is no TXT record at {question.txt_name} yet. New records can take an hour to be seen."
    return f"The TXT record at {question.txt_name} says something else. Copy the value shown here into it."


def _answers(resolver: "dns.resolver.Resolver", name: str, kind: str) -> list[str]:
    """The values there are; none where the name or the kind does not exist."""
    import dns.resolver

    try:
        answer = resolver.resolve(name, kind, search=False, lifetime=SECONDS)
    except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer, dns.resolver.YXDOMAIN):
        return []
    if kind == "TXT":
        return [b"".join(record.strings).decode("utf-8", "replace").strip() for record in answer]
    return [record.to_text() for record in answer]


def _resolver(servers: Servers) -> "dns.resolver.Resolver":
    import dns.resolver

    resolver = dns.resolver.Resolver(configure=not servers)
    if servers:
        resolver.nameservers = [address for address, _ in servers]
        resolver.nameserver_ports = dict(servers)
    resolver.cache = None
    resolver.timeout = SECONDS / 2
    return resolver
