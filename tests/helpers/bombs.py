"""ASDF trees that would fill the memory or lead out of their file, and what is said of them."""

from specresample.level2b.asdf_tree import MAX_DEPTH


def bomb(levels, form):
    lines = ["bomb0: &b0 {a: 1, b: 2}"]
    for i in range(1, levels):
        inner = ", ".join([f"*b{i - 1}"] * 9)
        lines.append(f"bomb{i}: &b{i} {form.format(inner)}")
    return "\n".join(lines)


# Lines of YAML at the end of a tree, and a regular expression for the reason.
BOMBS = [
    (bomb(40, "[{}]"), "refers to its own parts without end"),
    (bomb(9, "{{<<: [{}]}}"), "merge keys"),
    ("endless: &e [*e]", "refers to its own parts without end"),
    ("deep: " + "[" * 50_000 + "]" * 50_000, f"nested more than {MAX_DEPTH} levels"),
    ("deep:\n" + "- " * 50_000 + "x", f"nested more than {MAX_DEPTH} levels"),
    ("other: {$ref: 'file:///etc/passwd#a'}", "refers to another file, file:///etc/passwd"),
    (
        "other: !core/ndarray-1.1.0 {source: 'http://localhost/a.asdf', datatype: int8, "
        "byteorder: little, shape: [3]}",
        "refers to another file, http://localhost/a.asdf",
    ),
    (
        "huge: !core/ndarray-1.1.0 {source: 0, datatype: int8, byteorder: little, "
        "shape: [1000000, 1000000], strides: [0, 0]}",
        "array of absurd size",
    ),
]
