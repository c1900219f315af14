# What an apply updated, the store refuses to take note of.
sed -i '/policies/d' manifests/manifest.yaml
mbxctl apply --yes || [ $? = 3 ]
echo '    policies: {retention: Corporate 7y}' >> manifests/manifest.yaml
sqlite3 mbxctl.db "CREATE TRIGGER keep BEFORE DELETE ON intent BEGIN SELECT RAISE(ABORT, 'full'); END"
mbxctl apply --yes || [ $? = 4 ]
sqlite3 mbxctl.db "DROP TRIGGER keep"
