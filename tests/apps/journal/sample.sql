INSERT INTO writer (name, word) VALUES ('old hand', 'no way in');
INSERT INTO entry (writer, head, body) VALUES
    (1, 'First light', 'It <b>begins</b>.'),
    (1, 'Second thoughts', ''),
    (1, 'Third time', 'Ünïcödé & more'),
    (1, 'Fourth', 'wall');
