"""The charts of the console: Altair specifications, drawn in the browser from data that the page brings."""
