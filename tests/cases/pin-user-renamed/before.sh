mbxctl apply --yes --held
sed -i 's/^dn: CN=John Evans,/dn: CN=John Smith,/; s/^\(cn\|name\): John Evans$/\1: John Smith/; s/^userPrincipalName: john.evans@/userPrincipalName: john.smith@/' directory.ldif
