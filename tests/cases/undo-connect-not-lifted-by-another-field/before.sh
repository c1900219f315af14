mbxctl apply --yes
mbxctl undo 1 --save undo.plan
mbxctl apply --plan undo.plan
sed -i '$a\    alias: je' manifests/manifest.yaml
