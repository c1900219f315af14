SOURCE_DATE_EPOCH=1795219260 mbxctl store import more.csv
