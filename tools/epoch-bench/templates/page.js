/* SPDX-License-Identifier: MIT OR Apache-2.0 */
"use strict";

// Elements that need this script are hidden without it.
for (const element of document.querySelectorAll("[hidden]")) {
  element.hidden = false;
}

for (const button of document.querySelectorAll("[data-copy]")) {
  const code = button.parentElement.querySelector("code");
  button.addEventListener("click", async () => {
    // If the browser forbids it, the text is selected, to be copied by hand.
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

// The file holds each flame graph once: links to it are created on use.
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

// Nothing can be clicked on paper. Newer browsers need only the style for this.
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
