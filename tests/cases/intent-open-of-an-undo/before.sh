# What was applied is taken back in the directory, and the store refuses to take note of it.
mbxctl apply --yes
mbxctl undo 1 --save undo.plan
sqlite3 mbxctl.db "CREATE TRIGGER keep BEFORE DELETE ON intent BEGIN SELECT RAISE(ABORT, 'full'); END"
mbxctl apply --plan undo.plan || [ $? = 4 ]
sqlite3 mbxctl.db "DROP TRIGGER keep"
