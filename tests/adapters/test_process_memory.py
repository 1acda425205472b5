from __future__ import annotations

from kis_terminal.adapters.process_memory import resident_bytes


def test_memory_is_what_the_process_holds() -> None:
    before = resident_bytes()
    block = bytearray(b"\x01") * (64 << 20)
    after = resident_bytes()

    assert before is not None
    assert after is not None
    assert 10 << 20 < before < 1 << 36
    assert after - before > 32 << 20
    assert len(block) == 64 << 20
