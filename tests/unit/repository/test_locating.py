from __future__ import annotations

import pytest

from pytest_parex.errors import WorkspaceError
from pytest_parex.repository import Git, locate


def test_without_a_name_the_source_is_the_repository_that_holds_the_spec(lab):
    repo = lab.repository({"experiments/deep/spec.yaml": ""})

    source = locate(None, repo / "experiments" / "deep" / "spec.yaml")

    assert (source.kind, source.checkout) == ("repository", repo)


def test_a_spec_in_no_repository_is_told_what_to_do(tmp_path):
    with pytest.raises(WorkspaceError, match=r"spec.yaml is in no git repository: run `git init`.*`source"):
        locate(None, tmp_path / "spec.yaml")


def test_a_path_is_relative_to_the_folder_of_the_spec(lab):
    repo = lab.repository()
    (lab.folder / "specs").mkdir()

    source = locate("../repo", lab.folder / "specs" / "spec.yaml")

    assert (source.kind, source.checkout, source.name) == ("repository", repo, "../repo")


def test_a_folder_inside_a_repository_is_a_plain_directory(lab):
    repo = lab.repository({"packages/api/x.py": ""})

    source = locate("packages/api", repo / "spec.yaml")

    assert (source.kind, source.checkout) == ("directory", repo / "packages" / "api")


def test_a_bare_repository_is_a_repository_without_a_checkout(lab):
    bare = lab.folder / "bare.git"
    Git(lab.folder)("clone", "--quiet", "--bare", lab.repository(), bare)

    source = locate(str(bare), lab.folder / "spec.yaml")

    assert (source.kind, source.checkout, source.git_dir) == ("repository", None, bare)


@pytest.mark.parametrize(
    "url", ["https://example.org/a/b.git", "ssh://git@example.org/b", "git@example.org:a/b.git", "file:///srv/b"]
)
def test_urls_are_recognised(url, tmp_path):
    assert locate(url, tmp_path / "spec.yaml").kind == "url"


def test_credentials_in_a_url_are_not_shown(tmp_path):
    source = locate("https://ada:secret@example.org/a.git", tmp_path / "spec.yaml")

    assert source.name == "https://example.org/a.git"
    assert source.location == "https://ada:secret@example.org/a.git"
    assert "secret" not in source.identity


def test_a_path_that_is_missing_and_a_path_that_is_a_file_are_faults(tmp_path):
    (tmp_path / "file").write_text("")

    with pytest.raises(WorkspaceError, match="does not exist"):
        locate("nowhere", tmp_path / "spec.yaml")
    with pytest.raises(WorkspaceError, match="is a file"):
        locate("file", tmp_path / "spec.yaml")


def test_linked_worktrees_of_one_repository_are_one_source(lab):
    repo = lab.repository()
    linked = lab.folder / "linked"
    Git(repo)("worktree", "add", "--quiet", "--detach", linked)

    sources = [locate(str(path), lab.folder / "spec.yaml") for path in (repo, linked)]

    assert sources[0].identity == sources[1].identity
    assert sources[1].checkout == linked


def test_a_damaged_repository_is_not_taken_for_a_plain_directory(lab):
    repo = lab.repository()
    (repo / ".git" / "HEAD").write_text("nonsense\n")

    with pytest.raises(WorkspaceError, match="git cannot use"):
        locate(str(repo), lab.folder / "spec.yaml")


def test_a_spec_below_a_link_belongs_to_where_the_link_leads(lab):
    repo = lab.repository({"spec.yaml": ""})
    (lab.folder / "link").symlink_to(repo)

    assert locate(None, lab.folder / "link" / "spec.yaml").checkout == repo
