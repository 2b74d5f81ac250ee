"""What somebody may say in a call, or call themselves, to make a page or a file do something."""

MARKDOWN = (
    "![pixel](https://evil.example/p.png)",
    "[click](javascript:alert(1)) and [ref]: x",
    "<img src=x onerror=alert(1)> & <b>",
    "Rep:hello *bold* _it_ ~~gone~~ `code` ::name a\\b $x$",
    "# head | table",
    "1. one\n2) two\n- three\n+ four\n=== five",
    "www.evil.example, HTTP://evil.example or bob@evil.example",
)
