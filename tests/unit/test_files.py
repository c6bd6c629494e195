import json

import pytest
from specresample.common.files import folder_written_aside, read_json, write_json, written_aside


def test_written_aside_moves_the_file_into_place(tmp_path):
    path = tmp_path / "new" / "folder" / "a.txt"
    with written_aside(path) as aside:
        aside.write_text("text")
        assert aside.parent == path.parent
        assert not path.exists()
    assert path.read_text() == "text"
    assert [*path.parent.iterdir()] == [path]


def test_written_aside_replaces_the_previous_file(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")
    with written_aside(path) as aside:
        aside.write_text("new")
        assert path.read_text() == "old"
    assert path.read_text() == "new"


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
def test_an_error_leaves_the_previous_file_and_nothing_beside_it(tmp_path, error):
    path = tmp_path / "a.txt"
    path.write_text("old")

    def fail():
        with written_aside(path) as aside:
            aside.write_text("half")
            raise error

    with pytest.raises(error):
        fail()
    assert path.read_text() == "old"
    assert [*tmp_path.iterdir()] == [path]


def test_an_error_before_anything_is_written(tmp_path):
    def fail():
        with written_aside(tmp_path / "a.txt"):
            raise ValueError("cause")

    with pytest.raises(ValueError, match="cause"):
        fail()
    assert [*tmp_path.iterdir()] == []


def test_a_block_that_writes_nothing_is_an_error(tmp_path):
    def forget():
        with written_aside(tmp_path / "a.txt"):
            pass

    with pytest.raises(FileNotFoundError):
        forget()


def test_json_there_and_back(tmp_path):
    content = {"é": [1, 2.5, None, True], "number": 0.1 + 0.2, "nested": {"a": "\n"}}
    write_json(tmp_path / "a.json", content)
    assert read_json(tmp_path / "a.json") == content


def test_json_of_equal_content_is_equal_bytes(tmp_path):
    write_json(tmp_path / "a.json", {"a": 1, "b": 2})
    write_json(tmp_path / "b.json", {"b": 2, "a": 1})
    assert (tmp_path / "a.json").read_bytes() == (tmp_path / "b.json").read_bytes()


def test_json_that_cannot_be_written_leaves_the_previous_file(tmp_path):
    write_json(tmp_path / "a.json", [1])
    with pytest.raises(AttributeError):
        write_json(tmp_path / "a.json", {"a": object()})
    assert json.loads((tmp_path / "a.json").read_text()) == [1]
    assert len([*tmp_path.iterdir()]) == 1


def test_folder_is_there_whole_or_not_at_all(tmp_path):
    path = tmp_path / "deep" / "folder"
    with folder_written_aside(path) as aside:
        (aside / "file").write_text("first")
        assert not path.exists()
    with pytest.raises(ZeroDivisionError), folder_written_aside(path) as aside:
        (aside / "other").write_text(f"half {1 / 0}")
    assert [file.read_text() for file in path.iterdir()] == ["first"]
    with folder_written_aside(path) as aside:
        (aside / "second").write_text("second")
    assert [file.name for file in path.iterdir()] == ["second"]
    assert [entry.name for entry in path.parent.iterdir()] == ["folder"]
