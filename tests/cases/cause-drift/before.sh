mbxctl apply --yes
sed -i 's/^mailNickname: je$/mailNickname: jevans/' directory.ldif
