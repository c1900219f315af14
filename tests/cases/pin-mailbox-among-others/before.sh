mbxctl apply --yes --held
mbxctl store import more.csv
