"""A small DNS server for tests: real packets over UDP on this machine, answering from a table that the test changes."""

import socket
import threading

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset


class NameServer:
    """`records[(name, "TXT")] = ['"text"']`. `silent` makes it swallow questions; `broken` makes it answer SERVFAIL."""

    def __init__(self) -> None:
        self.records: dict[tuple[str, str], list[str]] = {}
        self.silent = self.broken = False
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._serve, daemon=True)

    @property
    def address(self) -> tuple[str, int]:
        return ("127.0.0.1", self._socket.getsockname()[1])

    def __enter__(self) -> "NameServer":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.sendto(b"", self.address)  # wakes the thread, which ends at an empty packet
        self._thread.join(2)
        self._socket.close()

    def _serve(self) -> None:
        while True:
            packet, asker = self._socket.recvfrom(4096)
            if not packet:
                return
            if not self.silent:
                self._socket.sendto(self._answer(dns.message.from_wire(packet)).to_wire(), asker)

    def _answer(self, query: dns.message.Message) -> dns.message.Message:
        answer = dns.message.make_response(query)
        answer.flags |= dns.flags.RA
        question = query.question[0]
        name, kind = question.name.to_text(omit_final_dot=True).lower(), dns.rdatatype.to_text(question.rdtype)
        values = self.records.get((name, kind))
        if self.broken:
            answer.set_rcode(dns.rcode.SERVFAIL)
        elif values:
            answer.answer.append(dns.rrset.from_text(question.name, 60, "IN", kind, *values))
        elif not any(known == name for known, _ in self.records):
            answer.set_rcode(dns.rcode.NXDOMAIN)
        return answer
