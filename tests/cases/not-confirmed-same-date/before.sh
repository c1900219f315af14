mbxctl apply --yes
mbxctl store import mailboxes.csv
