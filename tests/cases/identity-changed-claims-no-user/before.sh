mbxctl apply --yes --held
sed -i 's/^dn: CN=John Evans,/dn: CN=John Smith,/; s/^\(cn\|name\): John Evans$/\1: John Smith/; s/^userPrincipalName: john.evans@/userPrincipalName: john.smith@/' directory.ldif
sed -i 's/^userPrincipalName: jane@/userPrincipalName: jane.new@/; s/^mailNickname: john.evans$/mailNickname: je/; s/^proxyAddresses: SMTP:john.evans@/proxyAddresses: SMTP:je@/; s/^mail: john.evans@/mail: je@/' directory.ldif
sed -i 's/^userPrincipalName: jane.new@/userPrincipalName: john.evans@/' directory.ldif
sed -i '/suspend/d' manifests/manifest.yaml
