"""Filters: a small grammar of conditions over named attributes, of products today and of anything with columns.

    department == "GROCERY" and (price < 5 or is_private_label) and brand not in ["Maker 1", "Maker 2"]

`and`, `or`, `not`, parentheses; `==`, `!=`, `<`, `<=`, `>`, `>=`, `in [...]`, `not in [...]`, `is null`, `is not null`;
of a name with any number of texts, as tags are, `has "a text"` and `has [...]` for one of several; texts in single or
double quotes, numbers, `true`, `false`. A name may be in any script and hold points, as `facts.points` does; one with
spaces stands between backticks. Any comparison with a value that is missing is false, `!=` and `not in` too.
"""
