from __future__ import annotations

import pytest

from pytest_parex.repository import Git, matcher

PATHS = (
    "conftest.py", "tests/conftest.py", "tests/unit/test_a.py", "tests/data/x.json", "src/a.py", "src/tests/b.py",
    "docs/a.md", "docs/deep/b.md", "poetry.lock", "sub/x.lock", "a[1].txt", "a1.txt", ".github/workflows/ci.yml",
    "testsuite", "space d/é.txt", "star*.txt", "back\\slash",
)  # fmt: skip


@pytest.mark.parametrize(
    "patterns",
    [
        ["tests/**"],
        ["tests/"],
        ["tests"],
        ["/tests"],
        ["conftest.py"],
        ["/conftest.py"],
        ["*.lock"],
        ["docs/*.md"],
        ["docs/**/*.md"],
        ["**/b.*"],
        ["**"],
        ["*"],
        ["!tests/", "tests/unit/*"],
        ["a[0-9].txt"],
        ["a[!0-9].txt"],
        ["a\\[1\\].txt"],
        ["?rc/a.py"],
        ["src/**/b.py"],
        [".github"],
        ["space d/é.txt"],
        ["star\\*.txt"],
        ["[b]ack*"],
        ["sr[a-d]/a.py"],
        ["tests/*/"],
        ["*/unit"],
    ],
    ids=" ".join,
)
def test_a_pattern_means_what_it_means_in_a_gitignore_file(tmp_path, patterns):
    Git(tmp_path)("init", "--quiet")
    (tmp_path / ".git" / "info").mkdir(exist_ok=True)
    (tmp_path / ".git" / "info" / "exclude").write_text("".join(f"{pattern}\n" for pattern in patterns))
    asked = Git(tmp_path).run(
        "check-ignore", "--no-index", "-z", "--stdin", input="".join(f"{path}\0" for path in PATHS)
    )

    meant = matcher(patterns)

    assert [path for path in PATHS if meant(path)] == [path for path in asked.stdout.decode().split("\0") if path]


@pytest.mark.parametrize("pattern", ["[", "a[", "[]", "[!]", "\\", "", "/", "!", "**/", "a//b", "[z-a]", "(", "+"])
def test_no_pattern_is_a_fault(pattern):
    meant = matcher([pattern])

    assert meant("a(b") in (True, False)


def test_an_exception_in_an_excluded_folder_counts():
    meant = matcher(["tests/", "!tests/data/"])

    assert meant("tests/a.py")
    assert not meant("tests/data/x.json")
