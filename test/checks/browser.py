#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Test the page of epoch-bench report in Chromium.

browser.py DIRECTORY: DIRECTORY contains report.html, evil.html, and the files from
which report.html was made. Prints "PASS name" and "FAIL name" lines.
"""

import base64
import json
import pathlib
import sys
import traceback
import unittest
import xml.etree.ElementTree as xml

from selenium import webdriver
from selenium.webdriver import ActionChains, Keys
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.support import expected_conditions
from selenium.webdriver.support.ui import WebDriverWait

FOLDER = pathlib.Path(sys.argv[1]).resolve()
SECONDS = 20
# Schemes of resources on the machine, or in the page itself.
OWN = ("file:", "data:", "about:", "blob:")

# Elements with text of their own whose contrast is below WCAG's level AA.
PALE = """
const channels = (colour) => colour.match(/[\\d.]+/g).map(Number);
const luminance = (colour) => channels(colour).slice(0, 3)
  .map((value) => value / 255)
  .map((value) => value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4)
  .reduce((sum, value, index) => sum + value * [0.2126, 0.7152, 0.0722][index], 0);
const ground = (element) => {
  for (; element; element = element.parentElement) {
    const colour = getComputedStyle(element).backgroundColor;
    if (channels(colour)[3] !== 0) return colour;
  }
  return "rgb(255, 255, 255)";
};
const pale = [];
for (const element of document.querySelectorAll("body *:not(script, svg, svg *)")) {
  const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
  if (!own) continue;
  const pair = [luminance(getComputedStyle(element).color), luminance(ground(element))];
  const contrast = (Math.max(...pair) + 0.05) / (Math.min(...pair) + 0.05);
  if (contrast < 4.5) pale.push(`${element.outerHTML.slice(0, 60)}: ${contrast.toFixed(2)}`);
}
return pale;
"""


def start():
    """A browser without a network."""
    options = webdriver.ChromeOptions()
    for option in ("headless=new", "no-sandbox", "disable-gpu", "disable-dev-shm-usage"):
        options.add_argument("--" + option)
    options.set_capability("goog:loggingPrefs", {"performance": "ALL", "browser": "ALL"})
    options.set_capability("unhandledPromptBehavior", "ignore")
    driver = webdriver.Chrome(options=options, service=Service("/usr/bin/chromedriver"))
    driver.execute_cdp_cmd("Network.enable", {})
    driver.execute_cdp_cmd(
        "Network.emulateNetworkConditions",
        {"offline": True, "latency": 0, "downloadThroughput": 0, "uploadThroughput": 0},
    )
    return driver


class Page(unittest.TestCase):
    """report.html, loaded again for each test."""

    @classmethod
    def setUpClass(cls):
        cls.driver = start()

    @classmethod
    def tearDownClass(cls):
        cls.driver.quit()

    def setUp(self):
        self.resize(1280)
        self.emulate("light")
        self.open("report.html")

    # Steps.

    def open(self, name):
        self.driver.get((FOLDER / name).as_uri())
        # Log entries of earlier pages.
        self.told = self.logs()

    def logs(self):
        return {kind: self.driver.get_log(kind) for kind in ("browser", "performance")}

    def resize(self, width):
        size = {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": False}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)

    def emulate(self, scheme, media="screen"):
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.driver.execute_cdp_cmd(
            "Emulation.setEmulatedMedia", {"media": media, "features": features}
        )

    def run_script(self, script, *args):
        return self.driver.execute_script(script, *args)

    def find(self, selector):
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def find_all(self, selector):
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def is_visible(self, element):
        # Selenium's is_displayed() ignores details elements.
        return self.run_script("return arguments[0].checkVisibility()", element)

    def unfold(self):
        self.run_script("document.querySelectorAll('details').forEach((e) => { e.open = true; })")

    def wait(self, condition):
        return WebDriverWait(self.driver, SECONDS).until(condition)

    def enter(self, index):
        """Enters a flame graph, after its script has drawn it for the first time."""
        self.driver.switch_to.default_content()
        self.driver.switch_to.frame(self.find_all("iframe")[index])
        self.wait(lambda _: not self.find("svg").get_attribute("viewBox"))

    def frame(self, function):
        """The frame of a function, and its width in percent."""
        for group in self.find_all("#frames > g"):
            title = group.find_element(By.CSS_SELECTOR, "title").get_attribute("textContent")
            if title.startswith(function + " "):
                rect = group.find_element(By.CSS_SELECTOR, "rect")
                return rect, float(rect.get_attribute("width").rstrip("%"))
        return self.fail(f"there is no frame of {function}")

    def text(self, selector):
        return self.find(selector).get_attribute("textContent").strip()

    def search(self, term):
        """Answers the prompt, which is open already."""
        prompt = self.wait(expected_conditions.alert_is_present())
        prompt.send_keys(term)
        prompt.accept()

    # Tests.

    def test_nothing_is_loaded_and_nothing_goes_wrong(self):
        requests = []
        for entry in self.told["performance"]:
            message = json.loads(entry["message"])["message"]
            if message["method"] == "Network.requestWillBeSent":
                requests.append(message["params"]["request"]["url"])
        self.assertTrue(any(url.endswith("/report.html") for url in requests), requests)
        self.assertEqual([url for url in requests if not url.startswith(OWN)], [])
        self.assertEqual(self.told["browser"], [])

    def test_the_policy_forbids_to_load_anything(self):
        refused = self.driver.execute_async_script("""
            const done = arguments[0];
            addEventListener("securitypolicyviolation", (event) => done(event.blockedURI));
            new Image().src = "https://example.com/x.png";
            setTimeout(() => done("nothing"), 5000);
        """)
        self.assertEqual(refused, "https://example.com/x.png")

    def test_the_verdict_comes_first(self):
        first = self.find("p.headline")
        self.assertEqual(first.text, "epoch is 1.81x mutex: difference proven")
        self.assertLess(first.location["y"], 400)
        self.assertGreaterEqual(float(first.value_of_css_property("font-size")[:-2]), 24)

    def test_a_phone_shows_the_verdict_at_once(self):
        self.driver.set_window_size(390, 844)
        first = self.find("p.headline")
        self.assertLess(first.location["y"] + first.size["height"], self.run_script("return innerHeight"))

    def test_a_screen_has_room_for_every_table(self):
        self.resize(1280)
        self.unfold()
        wide = self.run_script(
            "return [...document.querySelectorAll('.scroll:has(table)')]"
            ".filter(box => box.scrollWidth > box.clientWidth)"
            ".map(box => [box.scrollWidth - box.clientWidth, box.innerText.slice(0, 60)])")
        self.assertEqual(wide, [])

    def test_sections_fold_and_unfold(self):
        details = self.find("details")
        summary = details.find_element(By.CSS_SELECTOR, "summary")
        lines = details.find_element(By.CSS_SELECTOR, "pre")
        self.assertFalse(self.is_visible(lines))
        summary.click()
        self.assertTrue(self.is_visible(lines))
        self.assertIn("measurement\nmin:", lines.text)
        summary.click()
        self.assertFalse(self.is_visible(lines))

    def test_processes_stand_beside_threads(self):
        link = self.driver.find_element(By.LINK_TEXT, "Processes and threads")
        section = self.find(link.get_attribute("hash")).find_element(By.XPATH, "ancestor::section")
        table = section.find_element(By.CSS_SELECTOR, "table")
        columns = [cell.text for cell in table.find_elements(By.CSS_SELECTOR, "thead th")]
        self.assertEqual(columns, [
            "tracker", "average", "interval", "of threads", "switches", "IPIs", "TLB", "softirq",
            "steal", "instructions"])
        rows = [
            [cell.text for cell in row.find_elements(By.CSS_SELECTOR, "th, td")]
            for row in table.find_elements(By.CSS_SELECTOR, "tbody tr")]
        self.assertEqual(
            [row[0] for row in rows],
            [f"{tracker}, 96 {carrier}"
             for tracker in ("mutex", "epoch") for carrier in ("processes", "threads")])
        self.assertEqual(rows[0][3:5], ["50.4x", "2.00"])
        self.assertEqual(rows[1][3:5], ["1.00x", "20.0"])
        # Samples and tests of both are present, but folded.
        details = section.find_elements(By.CSS_SELECTOR, ":scope > details")
        self.assertEqual(len(details), 2)
        picture = details[1].find_element(By.CSS_SELECTOR, ".picture")
        self.assertFalse(self.is_visible(picture))
        details[1].find_element(By.CSS_SELECTOR, "summary").click()
        self.assertTrue(self.is_visible(picture))

    def test_contents_lead_to_sections(self):
        link = self.find("nav li:last-child a")
        heading = self.find(link.get_attribute("hash"))
        self.assertEqual(heading.text, link.text)
        link.click()
        self.wait(lambda _: self.run_script(
            "const top = arguments[0].getBoundingClientRect().top;"
            "return top >= 0 && top < innerHeight;", heading))

    def test_a_flame_graph_zooms_and_resets(self):
        self.enter(0)
        rect, before = self.frame("mutex_lock")
        self.assertLess(before, 90)
        self.assertIn("hide", self.find("#unzoom").get_attribute("class"))
        rect.click()
        self.assertEqual(self.frame("mutex_lock")[1], 100)
        reset = self.find("#unzoom")
        self.assertNotIn("hide", reset.get_attribute("class"))
        reset.click()
        self.assertAlmostEqual(self.frame("mutex_lock")[1], before, 3)
        self.assertEqual(self.logs()["browser"], [])

    def test_flame_graphs_do_not_disturb_each_other(self):
        self.enter(0)
        self.frame("mutex_lock")[0].click()
        self.enter(1)
        self.assertLess(self.frame("do_mmap")[1], 90)
        self.frame("do_mmap")[0].click()
        self.assertEqual(self.frame("do_mmap")[1], 100)
        self.enter(0)
        self.assertEqual(self.frame("mutex_lock")[1], 100)

    def test_a_flame_graph_is_searched_by_its_button(self):
        self.enter(0)
        self.find("#search").click()
        self.search("^mutex_")
        # These are 770 of 1000 samples.
        self.wait(lambda _: self.text("#matched") == "Matched: 77.0%")
        self.assertEqual(self.text("#search"), "Reset Search")
        self.find("#search").click()
        self.wait(lambda _: self.text("#matched") == "")
        self.assertEqual(self.text("#search"), "Search")
        self.assertEqual(self.logs()["browser"], [])

    def test_a_flame_graph_is_searched_by_ctrl_f(self):
        self.enter(2)
        self.frame("all")[0].click()
        keys = ActionChains(self.driver).key_down(Keys.CONTROL).send_keys("f")
        keys.perform()
        self.search("do_mmap")
        # Allowed only after the prompt is closed.
        keys.reset_actions()
        self.wait(lambda _: self.text("#matched") == "Matched: 63.0%")

    def test_a_flame_graph_has_a_tab_of_its_own(self):
        self.find("[data-open]").click()
        page, tab = self.wait(
            lambda driver: driver.window_handles if len(driver.window_handles) == 2 else None)
        try:
            self.driver.switch_to.window(tab)
            self.wait(lambda _: self.find_all("#search"))
            self.wait(lambda _: not self.find("svg").get_attribute("viewBox"))
            self.find("#search").click()
            self.search("^mutex_")
            self.wait(lambda _: self.text("#matched") == "Matched: 77.0%")
        finally:
            self.driver.close()
            self.driver.switch_to.window(page)

    def test_a_flame_graph_can_be_saved(self):
        self.driver.execute_cdp_cmd(
            "Browser.setDownloadBehavior",
            {"behavior": "allow", "downloadPath": str(FOLDER / "saved")})
        self.find("[data-save]").click()
        saved = FOLDER / "saved" / "flame-mutex.svg"
        self.wait(lambda _: saved.exists())
        # Without the lines before the root.
        self.assertEqual(*(
            xml.canonicalize(from_file=folder / "flame-mutex.svg")
            for folder in (FOLDER, FOLDER / "saved")))

    def test_flame_graphs_have_the_room_that_they_need(self):
        for width in (360, 768, 1280):
            self.resize(width)
            for index, _ in enumerate(self.find_all("iframe")):
                self.enter(index)
                with self.subTest(width=width, graph=index):
                    room = "const page = document.documentElement; return {}"
                    self.wait(lambda _: self.run_script(room.format(
                        "page.scrollWidth <= innerWidth && page.scrollHeight <= innerHeight")))
                    self.assertTrue(self.run_script(room.format(
                        "document.querySelector('svg').clientWidth >= innerWidth - 1")))
                    self.assertTrue(self.run_script(room.format(
                        "[...document.querySelectorAll('#title, #subtitle')].every((text) =>"
                        " text.getBoundingClientRect().right <"
                        " document.querySelector('#search').getBoundingClientRect().left)")))
            self.driver.switch_to.default_content()

    def test_commands_are_copied(self):
        self.driver.execute_cdp_cmd(
            "Browser.grantPermissions",
            {"permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"]})
        button = self.find(".command button")
        self.assertEqual(button.text, "Copy")
        button.click()
        self.wait(lambda _: button.text == "Copied")
        copied = self.driver.execute_async_script(
            "navigator.clipboard.readText().then(arguments[0], arguments[0]);")
        self.assertEqual(
            copied,
            "epoch-bench compare mutex epoch --tasks 96 --samples 12 --json 'my result.json'")

    def test_the_page_is_as_wide_as_the_screen(self):
        self.unfold()
        for width in (360, 768, 1280):
            with self.subTest(width=width):
                self.resize(width)
                self.assertLessEqual(
                    self.run_script("return document.documentElement.scrollWidth"),
                    self.run_script("return innerWidth"))

    def test_what_is_wider_scrolls_in_its_own_box(self):
        self.resize(360)
        self.unfold()
        for selector in ("section > .listing pre", ".picture", ".scroll:has(table)"):
            with self.subTest(selector=selector):
                self.assertTrue(self.run_script(
                    "const box = document.querySelector(arguments[0]);"
                    "box.scrollLeft = 50; return box.scrollLeft === 50;", selector))
        # The names of rows stay in place, and leave room for the other columns.
        for name in self.find_all("tbody th"):
            self.assertLess(name.size["width"], 180, name.text)

    def test_text_has_contrast(self):
        self.unfold()
        for scheme in ("light", "dark"):
            with self.subTest(scheme=scheme):
                self.emulate(scheme)
                self.assertEqual(self.run_script(PALE), [])

    def test_the_dark_page_is_dark(self):
        self.emulate("dark")
        ground = self.find("body").value_of_css_property("background-color")
        self.assertEqual(ground, "rgba(22, 23, 24, 1)")
        fill = self.find(".picture [fill='#FFFFFF']").value_of_css_property("fill")
        self.assertEqual(fill, "none")

    def test_everything_has_a_name(self):
        self.assertEqual(len(self.find_all("h1")), 1)
        for landmark in ("header", "nav[aria-label]", "main", "footer"):
            self.assertEqual(len(self.find_all(f"body {landmark}")), 1, landmark)
        for named in ("iframe:not([title])", "svg[role=img]:not(:has(> title))",
                      "[role=region]:not([aria-label])", "main section:not([aria-labelledby])"):
            self.assertEqual(self.find_all(named), [], named)
        for cell in self.find_all("th"):
            self.assertIn(cell.get_attribute("scope"), ("col", "row"))

    def test_paper_shows_what_is_folded_and_no_buttons(self):
        # The room between the margins of A4.
        self.resize(718)
        self.emulate("light", "print")
        self.assertLessEqual(self.run_script("return document.documentElement.scrollWidth"), 718)
        hidden = "return [...document.querySelectorAll(arguments[0])]" \
                 ".filter((e) => e.checkVisibility({contentVisibilityAuto: true})" \
                 " && e.getBoundingClientRect().height > 0).length"
        self.assertEqual(self.run_script(hidden, "button, nav, .links"), 0)
        self.assertEqual(
            self.run_script(hidden, "details pre"), len(self.find_all("details pre")))

    def test_it_can_be_printed(self):
        pdf = base64.b64decode(self.driver.execute_cdp_cmd("Page.printToPDF", {})["data"])
        (FOLDER / "report.pdf").write_bytes(pdf)
        self.assertTrue(pdf.startswith(b"%PDF-"))
        self.assertGreater(pdf.count(b"/Type /Page\n"), 4)
        # The screen is as before.
        self.assertEqual(self.find_all("details[open]"), [])

    def test_names_of_trackers_run_no_scripts(self):
        self.open("evil.html")
        self.assertIn("<script>", self.find("h1").text)
        self.assertNotEqual(self.driver.title, "evil")
        self.assertEqual(self.told["browser"], [])


class Lines(unittest.TestResult):
    """Prints a line for each test."""

    def line(self, test, error):
        name = test.id().rsplit(".test_", 1)[-1].replace("_", " ")
        print("FAIL" if error else "PASS", "browser:", name, flush=True)
        if error:
            text = "".join(traceback.format_exception(*error))
            # Leave out the browser's stack.
            text = text.split("Stacktrace:")[0]
            print("".join(f"   | {line}\n" for line in text.splitlines()), end="", flush=True)

    def startTest(self, test):
        super().startTest(test)
        self.error = None

    def stopTest(self, test):
        self.line(test, self.error)
        super().stopTest(test)

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self.error = err

    def addError(self, test, err):
        super().addError(test, err)
        self.error = err
        # A failure of setUpClass calls no stopTest.
        if not isinstance(test, unittest.TestCase):
            print("FAIL browser:", test, flush=True)
            traceback.print_exception(*err)

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        self.error = self.error or err


if __name__ == "__main__":
    result = Lines()
    unittest.defaultTestLoader.loadTestsFromTestCase(Page).run(result)
    sys.exit(not result.wasSuccessful())
