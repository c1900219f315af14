mbxctl apply --yes --held
mbxctl store import more.csv
sed -i '/^dn: CN=John Evans,/,/^$/s/^homeMDB: CN=MBXDB02/homeMDB: CN=MBXDB01/' directory.ldif
