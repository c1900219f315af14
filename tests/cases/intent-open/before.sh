# The directory is written and the store refuses to take note of it: the intent stays open.
sqlite3 mbxctl.db "CREATE TRIGGER keep BEFORE DELETE ON intent BEGIN SELECT RAISE(ABORT, 'full'); END"
mbxctl apply --yes || [ $? = 4 ]
sqlite3 mbxctl.db "DROP TRIGGER keep"
