# Connects 20 mailboxes, then gives each a retention policy that it has not.
i=0
while [ $i -lt 20 ]; do
	i=$((i + 1)) n=$(printf %02d $i)
	printf 'dn: CN=User %s,OU=People,DC=contoso,DC=com\nobjectClass: top\nobjectClass: person\nobjectClass: user\n' $n
	printf 'cn: User %s\nname: User %s\nuserAccountControl: 512\nuserPrincipalName: user%s@contoso.com\n' $n $n $n
	printf 'objectCategory: CN=Person,CN=Schema,CN=Configuration,DC=contoso,DC=com\nobjectGUID:: %s\n\n' "$(printf '00000000000000%s' $n | base64)"
	printf 'User %s,3f8a61c4-0000-4b17-9c2e-0000000001%s,/o=Contoso/cn=user%s,MBXDB02,2026-11-13 18:02:00,Disabled,False,,UserMailbox,False\n' $n $n $n >&3
	printf '  - mailbox: User %s\n    user: user%s@contoso.com\n' $n $n >&4
done >>directory.ldif 3>>mailboxes.csv 4>>manifests/manifest.yaml
mbxctl store import mailboxes.csv
mbxctl apply --yes
sed -i 's/^connections:/  policies: {retention: Corporate 7y}\nconnections:/' manifests/manifest.yaml
