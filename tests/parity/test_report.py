# SPDX-License-Identifier: MIT
"""report.html as a browser lays it out: nothing beyond the edge of a phone, no script, no error."""
import re
import shutil
import subprocess

import pytest

browser = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))),
               None)
# A page in a frame of the wanted width: a window of its own would not be as narrow.
frame = """<!doctype html><title>silent</title><body><script>
addEventListener("message", e => document.title = e.data)
</script><iframe src="page.html" style="border:0;width:{width}px;height:9000px"></iframe>"""
# The width of the frame, that of the contents, elements over its edge, faults so far.
probe = """<script>
let faults = 0
addEventListener("error", () => ++faults, true)
addEventListener("load", () => {
  const over = [...document.querySelectorAll("main *")].filter(
    e => e.getBoundingClientRect().right > innerWidth + 1 && !e.closest(".scroll"))
  parent.postMessage([innerWidth, document.documentElement.scrollWidth, over.length, faults]
    .join(" "), "*")
})
</script></body>"""


@pytest.mark.skipif(browser is None, reason="no browser")
@pytest.mark.parametrize("recipe", ["parity_deepseek"], indirect=True, scope="session")
def test_pages_fit_a_phone_and_a_desk(recipe, programs, run_folder, tmp_path):
    programs.run("compare", run_folder, run_folder / ".", "--out", tmp_path / "compared.html")
    for source in run_folder / "report.html", tmp_path / "compared.html":
        page = source.read_text()
        assert "<script" not in page and page.count("</body>") == 1
        (tmp_path / "page.html").write_text(page.replace("</body>", probe))
        for width in 390, 1200:
            (tmp_path / "frame.html").write_text(frame.format(width=width))
            done = subprocess.run(
                [browser, "--headless", "--no-sandbox", "--disable-gpu", "--dump-dom",
                 "--virtual-time-budget=5000", f"--user-data-dir={tmp_path / 'browser'}",
                 f"file://{tmp_path / 'frame.html'}"], capture_output=True, text=True, timeout=120)
            told = re.search(r"<title>([\d ]+)</title>", done.stdout)
            assert told, done.stderr[-2000:]
            inner, contents, over, faults = map(int, told[1].split())
            assert inner == width and contents <= inner and over == 0 and faults == 0, source
