// What every page has: the menu of a small screen.

const button = document.querySelector(".menu-button");
const navigation = document.getElementById("navigation");

function show(isOpen) {
  button.setAttribute("aria-expanded", String(isOpen));
  navigation.classList.toggle("open", isOpen);
}

if (button && navigation) {
  button.addEventListener("click", () => show(button.getAttribute("aria-expanded") !== "true"));
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && button.getAttribute("aria-expanded") === "true") {
      show(false);
      button.focus();
    }
  });
}

/** Says a sentence to everybody, those who hear the page too. */
export function tell(sentence) {
  const place = document.getElementById("told");
  place.textContent = sentence;
  place.classList.add("shown");
  clearTimeout(tell.timer);
  tell.timer = setTimeout(() => place.classList.remove("shown"), 6000);
}
