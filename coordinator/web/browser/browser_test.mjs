// What the pages do in a browser: run by browser_test.sh over the gallery's figures.
//
//   node browser_test.mjs URL [FOLDER_FOR_SCREENSHOTS]
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { chromium } from "playwright-core";

const [url, pictures] = process.argv.slice(2);
const TIMEOUT_MS = 60000;

const tests = [];
const test = (name, options, body) => tests.push({ name, options, body });

async function names(page, table = "edge") {
  return page.$$eval(`#${table} tbody tr th[scope=row] a`, (links) => links.map((link) => link.textContent));
}

async function sortedBy(page) {
  return page.$$eval("#edge thead th[aria-sort]", (headers) =>
    headers.map((header) => `${header.dataset.key} ${header.getAttribute("aria-sort")}`));
}

// Of what one sees as text against what one sees behind it (WCAG 2.1, 1.4.3).
function contrast(a, b) {
  const light = (color) => {
    const [r, g, b] = color.match(/[\d.]+/g).map((c) => Number(c) / 255)
      .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const [x, y] = [light(a), light(b)].sort((p, q) => q - p);
  return (x + 0.05) / (y + 0.05);
}

test("a click on a header sorts in place, a second one turns it round", {}, async (page) => {
  await page.goto(`${url}/`);
  await page.evaluate(() => { window.notLeft = true; });
  assert.equal((await names(page))[0], "oak-260m");
  await page.click('#edge th[data-key="decode"] a');
  assert.deepEqual((await names(page)).slice(0, 2), ["<b>lichen</b>", "fern-8m"]);
  assert.equal((await names(page)).at(-1), "oak-260m");  // not measured
  assert.deepEqual(await sortedBy(page), ["decode descending"]);
  await page.click('#edge th[data-key="decode"] a');
  assert.equal((await names(page))[0], "cedar-110m");
  assert.equal((await names(page)).at(-1), "oak-260m");
  assert.deepEqual(await sortedBy(page), ["decode ascending"]);
  assert.match(page.url(), /sort=edge%3Adecode$/);
  assert.ok(await page.evaluate(() => window.notLeft));
  // The address that it shows gives the same order.
  const before = await names(page);
  await page.reload();
  assert.deepEqual(await names(page), before);
});

test("without JavaScript headers are links that sort, and everything is there", { javaScriptEnabled: false },
  async (page) => {
    await page.goto(`${url}/`);
    await page.click('#edge th[data-key="parameters"] a');
    assert.equal((await names(page))[0], "<b>lichen</b>");
    await page.click('#edge th[data-key="parameters"] a');
    assert.equal((await names(page))[0], "oak-260m");
    assert.deepEqual(await sortedBy(page), ["parameters descending"]);
    assert.equal(await page.locator("figure:visible").count(), 0);
    await page.click("text=cedar-110m");
    assert.equal(await page.locator("h1").innerText(), "cedar-110m");
    for (const path of ["/history", "/jobs", "/jobs/p7/pretrain", "/devices"]) {
      await page.goto(url + path);
      assert.ok(await page.locator("table").count() > 0, path);
    }
  });

test("every control can be reached and used by keyboard", {}, async (page) => {
  await page.goto(`${url}/`);
  await page.keyboard.press("Tab");
  assert.equal(await page.evaluate(() => document.activeElement.textContent), "Skip to content");
  await page.keyboard.press("Enter");
  assert.equal(await page.evaluate(() => document.activeElement.id), "main");
  await page.locator('#edge th[data-key="decode"] a').focus();
  await page.keyboard.press("Enter");
  assert.deepEqual(await sortedBy(page), ["decode descending"]);
  const outline = await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle);
  assert.notEqual(outline, "none");
  const flags = page.locator("details.flags summary").first();
  await flags.focus();
  await page.keyboard.press("Enter");
  assert.ok(await page.locator("details.flags[open] li").first().isVisible());
  // A table that is wider than the page scrolls by keys.
  assert.equal(await page.locator(".scroll").first().getAttribute("tabindex"), "0");
});

for (const colorScheme of ["light", "dark"]) {
  test(`${colorScheme}: text can be read, and the plots follow`, { colorScheme }, async (page) => {
    await page.goto(`${url}/`);
    await page.waitForSelector("figure canvas");
    const background = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const dark = contrast(background, "rgb(0, 0, 0)") < 4.5;
    assert.equal(dark, colorScheme === "dark");
    for (const selector of ["main", "footer", "thead a", "tbody td.floored", ".flags summary", "nav a", "th small"]) {
      const color = await page.locator(selector).first().evaluate((element) => getComputedStyle(element).color);
      assert.ok(contrast(color, background) >= 4.5, `${selector}: ${contrast(color, background).toFixed(2)}`);
    }
    await page.emulateMedia({ colorScheme: colorScheme === "dark" ? "light" : "dark" });
    const other = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    assert.notEqual(other, background);
  });
}

test("the plot of quality, throughput and memory says what it shows and takes other axes", {}, async (page) => {
  await page.goto(`${url}/`);
  const plot = page.locator('figure[data-table="edge"]');
  await plot.locator("canvas").waitFor();
  const label = await plot.locator(".canvas").getAttribute("aria-label");
  assert.match(label, /^CommonsenseQA against Decode, dots by peak memory\. Not beaten in both: cedar-110m, sapling-38m/);
  const box = await plot.locator("canvas").boundingBox();
  assert.ok(box.width > 300 && box.height > 200);
  await plot.locator("select").nth(1).selectOption("parameters");
  assert.match(await plot.locator(".canvas").getAttribute("aria-label"), /against Parameters/);
});

test("history is drawn, a line a name", {}, async (page) => {
  await page.goto(`${url}/history`);
  await page.waitForSelector("figure canvas");
  assert.equal(await page.locator("#edge tbody tr").count(), 42);
  assert.equal(await page.locator("figure .u-series").count(), 7);
  await page.goto(`${url}/history?track=edge&name=moss-15m`);
  await page.waitForSelector("figure canvas");
  assert.equal(await page.locator("#edge tbody tr").count(), 7);
});

test("the page of jobs follows a running job, and keeps the focus", {}, async (page) => {
  await page.goto(`${url}/jobs`);
  const progress = page.locator("#running progress").first();
  const value = () => progress.getAttribute("value").then(Number);
  const first = await value();
  await page.locator('#running a[href="/jobs/p7/pretrain"]').focus();
  await page.waitForSelector("figure canvas");
  const label = () => page.locator("figure .canvas").first().getAttribute("aria-label");
  const drawn = await label();
  await page.waitForFunction((before) =>
    Number(document.querySelector("#running progress").getAttribute("value")) > before, first);
  await page.waitForFunction((before) =>
    document.querySelector("figure .canvas").getAttribute("aria-label") !== before, drawn);
  assert.equal(await page.evaluate(() => document.activeElement.getAttribute("href")), "/jobs/p7/pretrain");
});

test("a page that cannot be brought up to date says so, and recovers", {}, async (page) => {
  await page.goto(`${url}/devices`);
  await page.route("**/devices", (route) => route.abort());
  await page.waitForSelector("text=does not answer");
  await page.unroute("**/devices");
  await page.waitForFunction(() => document.querySelector(".stale").textContent === "");
});

test("nothing is wider than a phone, but for what scrolls", { viewport: { width: 375, height: 800 } }, async (page) => {
  const submission = await page.goto(`${url}/`).then(() =>
    page.locator("#edge tbody th a").nth(1).getAttribute("href"));
  for (const path of ["/", submission, "/history", "/jobs", "/jobs/p7/pretrain", "/devices"]) {
    await page.goto(url + path);
    const width = await page.evaluate(() => document.documentElement.scrollWidth);
    assert.ok(width <= 375, `${path}: ${width}`);
  }
});

test("a name that is markup stays text, and no policy is broken", {}, async (page) => {
  const complaints = [];
  page.on("console", (message) => { if (message.type() === "error") complaints.push(message.text()); });
  page.on("pageerror", (error) => complaints.push(String(error)));
  for (const path of ["/", "/history", "/jobs", "/devices"]) {
    await page.goto(url + path);
    await page.waitForLoadState("networkidle");
  }
  await page.goto(`${url}/`);
  assert.equal(await page.locator("#edge tbody th b").count(), 0);
  assert.deepEqual(complaints, []);
  const ran = await page.evaluate(() => {
    const script = document.createElement("script");
    script.textContent = "window.ran = true";
    document.body.append(script);
    return window.ran === true;
  });
  assert.equal(ran, false);
});

async function takePictures(browser) {
  const page = await browser.newPage();
  await page.goto(`${url}/`);
  const submission = await page.locator("#edge tbody th a").nth(1).getAttribute("href");
  await page.close();
  const views = { board: "/", submission, history: "/history", jobs: "/jobs", job: "/jobs/p7/pretrain", devices: "/devices",
                  missing: "/nothing" };
  for (const colorScheme of ["light", "dark"]) {
    for (const [kind, width] of [["desktop", 1280], ["phone", 375]]) {
      const context = await browser.newContext({ colorScheme, viewport: { width, height: 800 } });
      for (const [name, path] of Object.entries(views)) {
        const view = await context.newPage();
        await view.goto(url + path);
        await view.waitForTimeout(600);
        await view.screenshot({ path: `${pictures}/${name}-${kind}-${colorScheme}.png`, fullPage: true });
        await view.close();
      }
      await context.close();
    }
  }
}

function writeXml(outcomes) {
  if (!process.env.XML_OUTPUT_FILE) return;
  const escape = (text) => text.replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);
  const cases = outcomes.map(({ name, problem }) =>
    `<testcase name="${escape(name)}">${problem ? `<failure message="${escape(problem)}"/>` : ""}</testcase>`);
  writeFileSync(process.env.XML_OUTPUT_FILE, `<testsuite name="browser">${cases.join("")}</testsuite>\n`);
}

// Its own sandbox needs rights that containers lack; the pages are ours.
const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox"] });
const outcomes = [];
if (pictures) {
  await takePictures(browser);
} else {
  for (const { name, options, body } of tests) {
    const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
    context.setDefaultTimeout(TIMEOUT_MS);
    let problem = "";
    try {
      await body(await context.newPage());
    } catch (error) {
      problem = String(error.stack ?? error);
    }
    await context.close();
    outcomes.push({ name, problem });
    console.log(`${problem ? "FAILED" : "ok"}  ${name}${problem ? `\n${problem}` : ""}`);
  }
}
await browser.close();
writeXml(outcomes);
process.exit(outcomes.some((outcome) => outcome.problem) ? 1 : 0);
