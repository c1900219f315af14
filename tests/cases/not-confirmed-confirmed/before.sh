mbxctl apply --yes
mbxctl store import more.csv
