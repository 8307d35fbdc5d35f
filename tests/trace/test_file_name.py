"""What a file is called where a place is told."""

import pytest

from flasktrace.trace.file_name import file_name


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/srv/shop/app.py", "app.py"),
        ("app.py", "app.py"),
        ("", ""),
        ("<template>", "<template>"),
        ("/venv/lib/python3.13/site-packages/flask/app.py", "flask/app.py"),
        ("/usr/lib/python3/dist-packages/six.py", "six.py"),
        ("/a/site-packages/b/site-packages/flask_admin/model/base.py", "flask_admin/model/base.py"),
        ("C:\\venv\\Lib\\site-packages\\flask\\app.py", "flask/app.py"),
        ("C:\\shop\\app.py", "app.py"),
        ("/srv/my-packages/app.py", "app.py"),
        ("/srv/site-packages", "site-packages"),
    ],
)
def test_an_installed_file_is_called_by_its_package(path, name):
    assert file_name(path) == name
