mbxctl apply --yes
sed -i '$a\    alias: je' manifests/manifest.yaml
