"""``hallkeeper`` with shorter waits of its own, for tests that can't wait."""

from __future__ import annotations

from datetime import timedelta

from app.main import main
from plugins.listening_parties import clock

if __name__ == "__main__":
    clock.SETTLE = clock.STEP = timedelta(seconds=0.5)
    main()
