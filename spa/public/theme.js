// Before the first paint: the theme that this browser chose. An own file, because the policy allows no inline script.
(() => {
  let choice = "dark";
  try {
    choice = localStorage.getItem("bs.theme") || "dark";
  } catch {}
  if (choice === "system") choice = matchMedia("(prefers-color-scheme: light)").matches ? "light" : "dark";
  document.documentElement.dataset.theme = choice === "light" ? "light" : "dark";
})();
