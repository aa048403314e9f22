// The sentences of the page in the reader's language, as the template hands them over.

const element = document.getElementById("words");
const said = element ? JSON.parse(element.textContent) : {};

/** The sentence of that name. */
export function word(name) {
  if (!(name in said)) throw new Error(`the page brings no word '${name}'`);
  return said[name];
}

/** The sentence of that name with its %(name)s filled in. */
export function fill(name, values) {
  return word(name).replace(/%\((\w+)\)s/g, (_, key) => String(values[key]));
}
