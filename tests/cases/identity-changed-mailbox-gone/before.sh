mbxctl apply --yes --held
mbxctl store import more-confirmed.csv
SOURCE_DATE_EPOCH=1795219260 mbxctl store import more-without.csv
sed -i '/^msExchMailboxGuid:/d; /^homeMDB:/d' directory.ldif
