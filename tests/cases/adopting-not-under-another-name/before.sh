mbxctl apply --yes
sed -i '$a\    name: Evans\n    alias: je' manifests/manifest.yaml
