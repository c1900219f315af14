mbxctl apply --yes --held
sed -i '/^dn: CN=John Evans,/,/^$/d' directory.ldif
