"""A property that is asked once for each object."""

from flasktrace.kept_property import KeptProperty


class Shelf:
    """Counts how often it is asked."""

    def __init__(self):
        self.asked = 0

    @KeptProperty
    def books(self):
        """The books."""
        self.asked += 1
        return [self.asked]


def test_it_is_asked_once():
    shelf = Shelf()

    assert shelf.books is shelf.books
    assert 1 == shelf.asked
    assert [1] == vars(shelf)["books"]


def test_each_object_has_its_own():
    assert Shelf().books is not Shelf().books


def test_what_is_set_is_kept_and_what_is_deleted_is_made_again():
    shelf = Shelf()
    shelf.books = ["one"]

    assert ["one"] == shelf.books
    assert 0 == shelf.asked
    del shelf.books
    assert [1] == shelf.books


def test_of_the_class_it_is_the_property_with_its_text():
    assert isinstance(Shelf.books, KeptProperty)
    assert "The books." == Shelf.books.__doc__
