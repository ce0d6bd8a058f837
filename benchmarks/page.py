"""How soon a person sees the page, and how large it is on the way: `python benchmarks/page.py URL`.

Each visit is a fresh browser profile, so nothing is cached; the service and the browser share this machine.
"""

import gzip
import statistics
import sys

from tests.e2e.browser import PHONE, built_files, running_browser

VISITS = 5
PAINT = "() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? null"


def main(url: str) -> None:
    paints = []
    with running_browser() as browser:
        for _ in range(VISITS):
            page = browser.new_page(viewport={"width": PHONE[0], "height": PHONE[1]})
            page.goto(url)
            page.get_by_role("heading", level=1).wait_for()
            page.wait_for_function(PAINT)
            paints.append(page.evaluate(PAINT))
            page.close()
    size = sum(len(gzip.compress(path.read_bytes(), 9)) for path in built_files())
    shown = ", ".join(f"{each:.0f}" for each in paints)
    print(f"first contentful paint: median {statistics.median(paints):.0f} ms of {shown}")
    print(f"compressed: {size:,} bytes in {len(built_files())} files")


if __name__ == "__main__":
    main(sys.argv[1])
