mbxctl apply --yes --held
cat more.ldif >>directory.ldif
