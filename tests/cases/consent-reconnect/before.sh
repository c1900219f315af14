mbxctl apply --yes
sed -i '/^dn: CN=John Evans,/,/^$/{/^\(msExch[A-Za-z]*\|homeMDB\|mailNickname\|mail\|proxyAddresses\|legacyExchangeDN\):/d}' directory.ldif
mbxctl store import more.csv
