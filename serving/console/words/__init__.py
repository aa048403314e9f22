"""What the pages say: rules, states, reasons, figures and acts as sentences in the language of the reader."""
