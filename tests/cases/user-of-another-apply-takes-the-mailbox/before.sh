mbxctl apply --yes --held
sed -i '/^dn: CN=John Evans,/,/^$/{/^\(msExch[A-Za-z]*\|homeMDB\|mailNickname\|mail\|proxyAddresses\|legacyExchangeDN\):/d}' directory.ldif
cat more.ldif >>directory.ldif
