mbxctl apply --yes --held
mbxctl store import more.csv
sed -i '/^dn: CN=John Evans,/,/^$/s/^homeMDB: CN=MBXDB02/homeMDB: CN=MBXDB01/' directory.ldif
sed -i 's/database: MBXDB02/database: MBXDB01/' manifests/manifest.yaml
