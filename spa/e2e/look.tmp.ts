import { openBrowser, openPage } from "./support.ts";

const url = process.env.U ?? "";
const browser = await openBrowser();
const steps = JSON.parse(process.argv[2] ?? "[]");
for (const [name, width, theme, path, typed] of steps) {
  const { page, context, errors } = await openPage(browser, width, theme);
  await page.goto(url + path);
  await page.locator("main h1").first().waitFor();
  await page.waitForTimeout(1500);
  if (typed !== undefined && typed !== null) {
    await page.keyboard.press("/");
    await page.getByRole("combobox", { name: /killmail$/ }).fill(typed);
    await page.waitForTimeout(2000);
  }
  await page.screenshot({ path: `/tmp/search-ui/${name}.png` });
  console.log(name, errors);
  await context.close();
}
await browser.close();
