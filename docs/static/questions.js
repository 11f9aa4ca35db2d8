/** The questions of a lesson: a group of radio buttons each, and what is said of the option that was chosen. */
"use strict";

(() => {
  const element = (name, properties = {}, ...children) => {
    const made = Object.assign(document.createElement(name), properties);
    made.append(...children);
    return made;
  };

  /** Text in which what stands in backticks is code. */
  const spelled = (text) =>
    text.split("`").map((part, i) => (i % 2 ? element("code", { textContent: part }) : part));

  function form(section, answered) {
    const question = JSON.parse(section.dataset.question);
    const said = element("p");
    said.setAttribute("aria-live", "polite");
    const choose = (option) => {
      said.className = option.right ? "right" : "wrong";
      said.replaceChildren(element("b", { textContent: option.right ? "Right. " : "Not quite. " }), ...spelled(option.why));
      answered(question.id, option.right);
    };
    const options = question.options.map((option) => {
      const button = element("input", { type: "radio", name: question.id });
      button.addEventListener("change", () => choose(option));
      return element("label", {}, button, element("span", {}, ...spelled(option.text)));
    });
    section.replaceChildren(
      element("fieldset", {}, element("legend", {}, ...spelled(question.question)), ...options), said,
    );
  }

  function start(place) {
    const right = {};
    const score = element("p", { className: "kd-score" });
    score.setAttribute("role", "status");
    const sections = [...place.querySelectorAll(".kd-question")];
    const answered = (id, isRight) => {
      right[id] = isRight;
      const count = Object.values(right).filter(Boolean).length;
      if (Object.keys(right).length === sections.length) score.textContent = `${count} of ${sections.length} right.`;
    };
    for (const section of sections) form(section, answered);
    place.append(score);
  }

  document.addEventListener("DOMContentLoaded", () => document.querySelectorAll(".kd-questions").forEach(start));
})();
