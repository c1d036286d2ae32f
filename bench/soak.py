"""Does the log stay quick when it is long? Millions of acts through ``store.log``, 1,000 a transaction.

``python -m bench.soak --millions 50 [--store sqlite|postgresql] [--folder DIR]`` tells each million as it goes and
prints JSON at the end. Time is played: a million and two thirds of acts make a day, so that 50 million fill a month
and the rollup grows as it would. Target: at the end half of the rate at one million, and 20,000 rows a second.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import text

from bench.material import Acts, address
from storage.engine import Store
from storage.vault import Vault

SIZE = 1_000
ROWS_A_DAY = 1_666_667
MILLION = 1_000_000
START = datetime(2026, 11, 1, tzinfo=UTC)


async def soak(kind: str, millions: int, communities: int, folder: str | None) -> dict[str, Any]:
    """Fill a store of one kind and measure each million."""
    acts = Acts(communities)
    moment = START
    # Making acts isn't what is measured: a hundred batches are written again and again, later each time.
    patterns = [acts.make(SIZE, START) for _ in range(100)]
    rates: list[int] = []
    with address(kind, folder) as url:
        store = await Store.open(url, clock=lambda: moment, vault=Vault.generate())
        for million in range(1, millions + 1):
            spent = 0.0
            for number in range(MILLION // SIZE):
                moment += timedelta(days=SIZE / ROWS_A_DAY)
                at = moment
                if number % 100 == 0:
                    patterns[million % 100] = acts.make(SIZE, at)
                batch = [act._replace(at=at) for act in patterns[number % 100]]
                began = time.perf_counter()
                await store.log(batch)
                spent += time.perf_counter() - began
            rates.append(round(MILLION / spent))
            print(f"{kind}: {million} million rows, {rates[-1]:,} rows a second", file=sys.stderr, flush=True)
        sizes = await _sizes(store)
        await store.close()
    return {
        "rows": millions * MILLION,
        "communities": communities,
        "rows_a_transaction": SIZE,
        "rate_at_one_million": rates[0],
        "rate_at_the_end": rates[-1],
        "ratio": round(rates[-1] / rates[0], 2),
        "slowest_million": min(rates),
        **sizes,
    }


async def _sizes(store: Store) -> dict[str, int]:
    if store.dialect == "sqlite":
        query = "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()"
    else:
        query = "SELECT pg_database_size(current_database())"
    async with store.session() as session:
        return {
            "bytes": int((await session.execute(text(query))).scalar_one()),
            "rollup_rows": int((await session.execute(text("SELECT count(*) FROM participation_day"))).scalar_one()),
        }


def main() -> None:
    """Soak and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--millions", type=int, default=2)
    parser.add_argument("--communities", type=int, default=100_000)
    parser.add_argument("--store", action="append", choices=("sqlite", "postgresql"))
    parser.add_argument("--folder", help="where the SQLite file is made; the system's temporary folder otherwise")
    options = parser.parse_args()
    results: dict[str, Any] = {"bench": "soak", "target": {"ratio": 0.5, "rows_a_second": 20_000}}
    for kind in options.store or ["sqlite", "postgresql"]:
        results[kind] = asyncio.run(soak(kind, options.millions, options.communities, options.folder))
    json.dump(results, sys.stdout)
    print()


if __name__ == "__main__":
    main()
