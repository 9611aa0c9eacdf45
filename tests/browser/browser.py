"""Debian's Chromium, headless, with no way to any other machine, and axe-core of npm to ask what it shows.

Chromium and its driver are installed where that can be done, as root on Debian or Ubuntu; what cannot be had is said.
"""

import base64
import json
import os
import shutil
import subprocess
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service

ROOT = Path(__file__).parents[2]
KEPT = ROOT / "build/page"  # axe-core, and what was seen
PACKAGES = ("chromium", "chromium-driver")
PROGRAMS = ("chromium", "chromedriver")
AXE = "axe-core@4.14.1"
HEIGHT = 900
ALONE = ("--host-resolver-rules=MAP * ~NOTFOUND", "--disable-background-networking", "--disable-component-update")


def programs() -> list[str]:
    """The paths of Chromium and of its driver; the test is skipped where they are not there and cannot be installed."""
    if not all(map(shutil.which, PROGRAMS)):
        if shutil.which("apt-get") is None or os.geteuid():
            pytest.skip(f"needs {' and '.join(PROGRAMS)}; as root on Debian they are installed")
        quiet = {
            "stdout": subprocess.DEVNULL,
            "check": False,
            "env": os.environ | {"DEBIAN_FRONTEND": "noninteractive"},
        }
        for command in (("update",), ("install", "-y", "--no-install-recommends", *PACKAGES)):
            subprocess.run(["apt-get", "-qq", *command], **quiet)
    found = [shutil.which(program) for program in PROGRAMS]
    if None in found:
        pytest.skip(f"apt-get cannot install {' '.join(PACKAGES)} here")
    return [str(path) for path in found]


@contextmanager
def browser() -> Iterator[Chrome]:
    """A browser that keeps its console and every request in its logs."""
    binary, driver = programs()
    options = Options()
    options.binary_location = binary
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", *ALONE):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    chrome = Chrome(options=options, service=Service(driver))
    try:
        yield chrome
    finally:
        chrome.quit()


def show(chrome: Chrome, page: Path, width: int = 1400, scheme: str = "light") -> None:
    """Open a page in a window of so many pixels, and wait for its chart."""
    size = {"width": width, "height": HEIGHT, "deviceScaleFactor": 1, "mobile": False}
    chrome.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    still = {"name": "prefers-reduced-motion", "value": "reduce"}  # a page that glides is not where a click is meant
    features = [{"name": "prefers-color-scheme", "value": scheme}, still]
    chrome.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    for kind in ("browser", "performance"):
        chrome.get_log(kind)  # what was before
    chrome.get(page.as_uri())
    chrome.set_script_timeout(60)
    chrome.execute_async_script(
        "const done = arguments[0]; const chart = document.getElementById('chart');"
        "const ask = () => !chart || chart.dataset.drawn ? done() : setTimeout(ask, 50); ask();"
    )


def console(chrome: Chrome) -> list[str]:
    """What the console says of the page."""
    return [entry["message"] for entry in chrome.get_log("browser")]


def requests(chrome: Chrome) -> list[str]:
    """The addresses that were asked for since the page was opened."""
    messages = [json.loads(entry["message"])["message"] for entry in chrome.get_log("performance")]
    sent = [
        message["params"]["request"]["url"] for message in messages if message["method"] == "Network.requestWillBeSent"
    ]
    return [address for address in sent if not address.startswith("data:")]


def axe() -> str:
    """axe-core as JavaScript, from npm or from an earlier call; the test is skipped where npm is not there."""
    file = KEPT / f"{AXE.replace('@', '-')}.tgz"
    if not file.exists():
        if shutil.which("npm") is None:
            pytest.skip("needs npm, which brings axe-core")
        KEPT.mkdir(parents=True, exist_ok=True)
        packed = subprocess.run(["npm", "pack", "--silent", AXE], cwd=KEPT, capture_output=True, text=True, check=False)
        if packed.returncode:
            pytest.skip(f"npm cannot fetch {AXE}: {packed.stderr.strip()[-200:]}")
    with tarfile.open(file) as archive:
        member = archive.extractfile("package/axe.min.js")
        assert member is not None
        return member.read().decode("utf-8")


def violations(chrome: Chrome, script: str) -> list[dict[str, Any]]:
    """What axe-core finds wrong with the page that is open."""
    chrome.execute_script(script)
    return chrome.execute_async_script("axe.run().then((found) => arguments[0](found.violations));")


def picture(chrome: Chrome, file: Path) -> None:
    """All of the page that is open, as PNG."""
    height = chrome.execute_script("return document.documentElement.scrollHeight")
    width = chrome.execute_script("return window.innerWidth")
    clip = {"x": 0, "y": 0, "width": width, "height": min(height, 16_000), "scale": 1}
    shot = chrome.execute_cdp_cmd("Page.captureScreenshot", {"captureBeyondViewport": True, "clip": clip})
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(base64.b64decode(shot["data"]))
