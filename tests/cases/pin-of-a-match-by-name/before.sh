mbxctl apply --yes --held
sed -i 's/^displayName: John Evans$/displayName: Johnny/' directory.ldif
cat more.ldif >>directory.ldif
