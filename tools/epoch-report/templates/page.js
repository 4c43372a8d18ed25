/* SPDX-License-Identifier: MIT OR Apache-2.0 */
"use strict";

// What needs this script is hidden without it.
for (const element of document.querySelectorAll("[hidden]")) {
  element.hidden = false;
}

for (const button of document.querySelectorAll("[data-copy]")) {
  const code = button.parentElement.querySelector("code");
  button.addEventListener("click", async () => {
    // A browser may forbid it: then the text is selected, to be copied by hand.
    getSelection().selectAllChildren(code);
    try {
      await navigator.clipboard.writeText(code.textContent);
      button.textContent = "Copied";
    } catch {
      button.textContent = "Selected";
    }
    setTimeout(() => { button.textContent = "Copy"; }, 2000);
  });
}

// The file holds each flame graph once: links to it are made when they are used.
for (const figure of document.querySelectorAll(".flame-graph")) {
  const page = figure.querySelector("iframe").srcdoc;
  const link = (selector, text, type) => {
    const link = figure.querySelector(selector);
    link.addEventListener("click", () => {
      const url = URL.createObjectURL(new Blob([text], { type }));
      link.href = url;
      setTimeout(() => URL.revokeObjectURL(url), 60000);
    });
  };
  link("[data-open]", page, "text/html;charset=utf-8");
  link("[data-save]", page.slice(page.indexOf("<svg")), "image/svg+xml");
}

// Paper has nothing to click on. Newer browsers do as much with the style alone.
const folded = () => document.querySelectorAll("details:not([open])");
addEventListener("beforeprint", () => {
  const details = [...folded()];
  for (const element of details) {
    element.open = true;
  }
  addEventListener("afterprint", () => {
    for (const element of details) {
      element.open = false;
    }
  }, { once: true });
});
